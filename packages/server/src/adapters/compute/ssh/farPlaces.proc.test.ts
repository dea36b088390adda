// How long a place on a machine is a run's that has not begun there, with a real ssh server.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import {
  type SshServerUnderTest,
  startSshServer,
  withoutSshServer,
} from "../../../../conformance/sshServer.ts";
import { ENTRIES } from "../../../entries.ts";
import { createFarHost, type FarHost } from "./farHost.ts";
import { pushFiles } from "./farParcel.ts";
import { farProgram } from "./farProgram.ts";

describe("a place on an ssh machine that was taken for a run", { skip: withoutSshServer() ?? false }, () => {
  const folder = mkdtempSync(join(tmpdir(), "malachite-ssh-places-"));
  const { signal } = new AbortController();
  let server: SshServerUnderTest;
  let host: FarHost;
  let far: string;
  before(async () => {
    server = await startSshServer();
  });
  beforeEach(() => {
    far = mkdtempSync(join(folder, "far-"));
    const { key, knownHosts, fingerprint } = server;
    host = createFarHost({
      host: { host: server.host, port: server.port, user: server.user, slots: 1, fingerprint },
      options: { key, agent: undefined, knownHosts, folder: far, python: "python3" },
      service: "places",
      login: { agentSocket: undefined },
      program: () => farProgram(ENTRIES.far),
      onNews: () => {},
    });
  });
  afterEach(async () => await host[Symbol.asyncDispose]());
  after(async () => {
    await server[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  const reserve = async (key: string, gpus?: { ids: readonly number[]; count: number }) => {
    const { header } = await host.ask("reserve", { key, slots: 9, ...(gpus === undefined ? {} : { gpus }) });
    return header;
  };
  /** As if nothing had been heard of it for an hour. */
  const age = (key: string) => {
    const hourAgo = Date.now() / 1000 - 3600;
    utimesSync(join(far, "runs", "places", key), hourAgo, hourAgo);
  };
  const ONE = { ids: [3], count: 1 };

  for (const shared of [true, false])
    it(`stays its own for as long as ${shared ? "its project" : "a file of its own"} is being sent`, async () => {
      await reserve("slow-1-0", ONE);
      const content = Buffer.alloc(2 * 1024 * 1024, "x");
      let other: Record<string, unknown> | undefined;
      const entry = {
        ...{ path: "large.bin", sizeBytes: content.length },
        ...(shared ? { sha256: createHash("sha256").update(content).digest("hex") } : {}),
        async *read() {
          age("slow-1-0");
          // It is on its way before the next is asked for.
          yield content;
          other = await reserve("other-1-0", ONE);
        },
      };
      await pushFiles(host, "slow-1-0", [entry], signal);
      assert.equal(other?.without, 0);
    });

  it("is filled from a disk that is as slow as it likes, over a connection that nobody else needs", async (t) => {
    await reserve("slow-1-0");
    const content = Buffer.from("from a slow disk");
    const sha256 = createHash("sha256").update(content).digest("hex");
    mkdirSync(join(far, "contents", sha256.slice(0, 2)));
    const slow = join(far, "contents", sha256.slice(0, 2), sha256);
    execFileSync("mkfifo", [slow]);
    const entry = {
      ...{ path: "large.bin", sizeBytes: content.length, sha256 },
      read: () => assert.fail("it is there"),
    };
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const pushed = pushFiles(host, "slow-1-0", [entry], signal);
    // It opens for whoever writes when it is being read.
    const disk = await open(slow, "w");
    t.mock.timers.tick(600_000);
    await disk.writeFile(content);
    await disk.close();
    await pushed;
    assert.deepEqual(readFileSync(join(far, "runs", "places", "slow-1-0", "large.bin")), content);
  });

  it("is taken anew where it was let go of meanwhile", async () => {
    await reserve("slow-1-0", ONE);
    age("slow-1-0");
    assert.deepEqual((await reserve("other-1-0", ONE)).gpus, [3]);
    assert.equal((await reserve("slow-1-0", ONE)).without, 0);
    assert.deepEqual((await reserve("slow-1-0", { ids: [3, 5], count: 1 })).gpus, [5]);
  });
});
