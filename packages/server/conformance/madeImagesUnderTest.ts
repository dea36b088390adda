// Images that are made for environments, with a real engine: which of them are removed when they have become too large together.
import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { createImageEnvironments } from "../src/adapters/environments/image/imageEnvironments.ts";
import { createEngines } from "../src/containers/index.ts";
import { ENTRIES } from "../src/entries.ts";
import {
  type EngineName,
  type EngineUnderTest,
  startContainerEngine,
  withoutEngine,
} from "./containerEngine.ts";

const signal = new AbortController().signal;
const MINUTE = 60_000;
const MIB = 2 ** 20;
/** An image may be so much larger than what is in it: its engine writes down folders too. */
const EACH_MIB = 3;

export function madeImagesConformance(name: EngineName): void {
  describe(`images made in ${name}`, { skip: withoutEngine(name) ?? false }, () => {
    let engine: EngineUnderTest;
    let folder = "";
    let now = 1_800_000_000_000;
    const inUse = new Set<string>();
    let meanwhile = async (): Promise<unknown> => undefined;
    before(async () => {
      engine = await startContainerEngine(name);
      folder = await mkdtemp(join(tmpdir(), "malachite-images-"));
      await writeFile(join(folder, "ca.pem"), "");
    });
    after(async () => {
      await engine?.[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    });

    const serviceOf = (service: string) => {
      const engines = createEngines({ socket: engine.socket });
      const environments = createImageEnvironments({
        engines,
        defaultImage: undefined,
        layers: {
          service,
          recipe: { packageIndex: undefined, condaChannels: [], condaFolders: [] },
          folder: join(folder, service, "builds"),
          caBundle: join(folder, "ca.pem"),
          variables: {},
          files: ENTRIES.builds,
        },
        buildMs: 10 * MINUTE,
        marks: join(folder, service, "images"),
        limitBytes: 7.5 * MIB,
        inUse: async () => {
          await meanwhile();
          return inUse;
        },
        now: () => now,
      });
      const names = async () => {
        const all = await (await engines.at(undefined)).ask("list images", (api) => api.listImages(), signal);
        return all
          .flatMap(({ RepoTags }) => RepoTags ?? [])
          .filter((tag) => tag.includes(`malachite/dockerfile:${service.slice(0, 8)}-`));
      };
      /** Ten minutes after the last, an image with one file of its own; its id. */
      const prepare = async (file: string): Promise<string> => {
        now += 11 * MINUTE;
        const baseDockerfile = `FROM ${engine.image}\nRUN head -c ${EACH_MIB}m /dev/urandom >/${file}\n`;
        const environment = {
          python: { userManagedDependencies: true },
          docker: { enabled: true, baseDockerfile },
        };
        const made = await environments.prepare({ environment } as never, async () => {}, signal);
        return made.image ?? "";
      };
      const has = async (file: string): Promise<boolean> => {
        const baseDockerfile = `FROM ${engine.image}\nRUN head -c ${EACH_MIB}m /dev/urandom >/${file}\n`;
        const environment = {
          python: { userManagedDependencies: true },
          docker: { enabled: true, baseDockerfile },
        };
        return environments.has({ environment } as never, signal);
      };
      return { engines, prepare, has, names };
    };

    it("are removed when all are too large, those used longest ago first, and none that a run relies on", async () => {
      const { prepare, has, names } = serviceOf("aaaaaaaa1");
      const other = serviceOf("bbbbbbbb1");
      await other.prepare("a");
      const first = await prepare("a");
      await prepare("b");
      assert.equal((await names()).length, 2);
      assert.equal(await prepare("a"), first, "it is there already");
      await prepare("c");
      assert.deepEqual([await has("a"), await has("b"), await has("c")], [true, false, true]);
      inUse.add(first);
      await prepare("d");
      assert.deepEqual([await has("a"), await has("c"), await has("d")], [true, false, true]);
      inUse.clear();
      // What another service has made is its own.
      assert.equal((await other.names()).length, 1);
    });

    it("stay where they are used in the moment in which they were to be removed", async () => {
      const { prepare, has } = serviceOf("dddddddd1");
      await prepare("a");
      await prepare("b");
      meanwhile = () => prepare("a");
      await prepare("c");
      meanwhile = async () => undefined;
      assert.deepEqual([await has("a"), await has("b"), await has("c")], [true, false, true]);
    });

    it("stay where a container has them, and are known by their marks alone", async () => {
      const { engines, prepare, has, names } = serviceOf("cccccccc1");
      const held = await prepare("x");
      const api = await engines.at(undefined);
      const container = await api.ask(
        "make",
        (docker) => docker.createContainer({ Image: held, Cmd: ["true"] }),
        signal,
      );
      await prepare("y");
      await prepare("z");
      assert.deepEqual([await has("x"), await has("y"), await has("z")], [true, false, true]);
      await api.ask("remove", () => container.remove({ force: true }), signal);
      const [mark = ""] = await readdir(join(folder, "cccccccc1", "images"));
      const marks = await readdir(join(folder, "cccccccc1", "images", mark));
      assert.deepEqual([marks.length, (await names()).length], [2, 2]);
    });
  });
}
