// The folder of environments, by itself and as several servers share it. What is built is nothing but a file.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { type Build, EnvironmentFolder, type EnvironmentFolderOptions } from "./environmentFolder.ts";

const never = new AbortController().signal;
const ID = "0".repeat(32);
const OTHER = "1".repeat(32);
const HOUR_MS = 3_600_000;

describe("the folder of environments", () => {
  const path = mkdtempSync(join(tmpdir(), "malachite-environments-"));
  after(() => rmSync(path, { recursive: true, force: true }));

  /** A server on a folder, which is not there before the first build. */
  const server = (name: string, more: Partial<EnvironmentFolderOptions> = {}): EnvironmentFolder =>
    new EnvironmentFolder({
      folder: join(path, name),
      cache: join(path, name, "cache"),
      limitBytes: 1e12,
      inUse: async () => new Set(),
      now: Date.now,
      buildMs: 60_000,
      ...more,
    });
  const make = (on: EnvironmentFolder, build: Build, id = ID) => on.make(id, build, () => {}, never);
  const building =
    (built: string[]): Build =>
    async (place) => {
      built.push(place);
      writeFileSync(join(place, "python"), "");
      return { python: join(place, "python"), variables: {} };
    };

  it("is made once where two servers are asked for it at once", async () => {
    const built: string[] = [];
    const heard: string[] = [];
    const both = await Promise.all(
      [1, 2].map(() =>
        server("both", { shared: true }).make(ID, building(built), (text) => heard.push(text), never),
      ),
    );
    assert.match(heard.join(""), /^Another server makes this environment/);
    const place = join(path, "both", ID);
    assert.deepEqual(built, [place]);
    assert.deepEqual(both, Array(2).fill({ id: ID, python: join(place, "python"), variables: {} }));
    assert.deepEqual(readdirSync(join(path, "both")), [ID]);
  });

  it("leaves to another server what that has begun while this one was asleep", async () => {
    const place = join(path, "asleep", ID);
    const taken: Build = async () => {
      writeFileSync(`${place}.building`, "another");
      writeFileSync(join(place, "python"), "of the other");
      return { python: join(place, "python"), variables: {} };
    };
    await assert.rejects(make(server("asleep", { shared: true }), taken), /Another server builds in/);
    assert.deepEqual(readdirSync(place), ["python"]);
    assert.ok(existsSync(`${place}.building`));
  });

  for (const shared of [false, true])
    it(`keeps what is used in the moment in which it was to be removed${shared ? ", by another server" : ""}`, async () => {
      const name = `used-${shared}`;
      let ahead = 0;
      let use = async (): Promise<unknown> => undefined;
      const now = () => Date.now() + ahead;
      const options: Partial<EnvironmentFolderOptions> = {
        ...{ shared, now, limitBytes: 0 },
        inUse: async () => {
          await use();
          return new Set();
        },
      };
      const one = server(name, options);
      const two = shared ? server(name, options) : one;
      for (const id of [ID, OTHER]) await make(one, building([]), id);
      ahead = HOUR_MS;
      use = () => two.get(ID);
      await one.sweep();
      assert.deepEqual([(await two.get(ID))?.id, await two.get(OTHER)], [ID, undefined]);
      assert.deepEqual(readdirSync(join(path, name)), [ID]);
    });

  it("passes over what another server builds", async () => {
    let go = (): void => {};
    const begun = Promise.withResolvers<void>();
    const wait = new Promise<void>((resolve) => {
      go = resolve;
    });
    const one = server("passes", { shared: true });
    const cached = join(path, "passes", "cache");
    const made = make(one, async (place, ...rest) => {
      writeFileSync(cached, "x".repeat(10_000));
      begun.resolve();
      await wait;
      return building([])(place, ...rest);
    });
    await begun.promise;
    await server("passes", { shared: true, limitBytes: 0 }).sweep();
    assert.ok(existsSync(cached), "its build may be reading what was fetched");
    go();
    assert.equal((await made).id, ID);
  });
});
