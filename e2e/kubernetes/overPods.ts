// Runs of several nodes on a real cluster that has neither DNS nor kube-proxy: each node is a pod.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import type { ClusterUnderTest } from "@malachite/server/conformance";
import { cancel, ended, fileOf, reached } from "../support/runs.ts";
import { type Service, until } from "../support/service.ts";
import { EACH, LONG_MS, looksAt, MEET, MPI, SUM, TORCH } from "./podPrograms.ts";

export type OverPods = {
  readonly service: () => Service;
  readonly cluster: () => ClusterUnderTest;
  /** Targets of one kind: plain, with names for pods, with little memory. */
  readonly targets: { readonly pods: string; readonly named: string; readonly small: string };
  start(target: string, script: string, more?: object): Promise<string>;
  why(runId: string): Promise<string>;
  free(): Promise<unknown>;
  /** Whether the targets have a volume. */
  readonly onVolume: boolean;
  /** Is in the cluster when this returns. */
  mpiImage(): Promise<void>;
};

const NO_NAMES =
  /^malachite: the names of its pods, such as (\S+)-0\.\1, do not lead to them: their addresses are used instead$/m;

/** Defines the tests. */
export function overPods({
  service,
  cluster,
  targets,
  onVolume,
  start,
  why,
  free,
  mpiImage,
}: OverPods): void {
  const { log, up, podOf, evict } = looksAt(service, cluster);
  const { pods, named, small } = targets;
  for (const target of [pods, named])
    it(`meet at the address that they are told${target === named ? ", where names of pods lead nowhere" : ""}`, async () => {
      const runId = await start(target, MEET, {
        ...TORCH,
        nodeCount: 3,
        pytorch: { processCount: 3 },
      });
      // On a volume its first process is at work by then, and says it in its log alone.
      if (target === named && !onVolume)
        await until(
          "the reason",
          async () => /waits for the names of its pods, such as \S+-2\.\S+,/.test(await why(runId)),
          LONG_MS,
        );
      await reached(service(), runId, "Completed", LONG_MS);
      assert.match(await log(runId, 0), /^met 3 3 3\n\[\]\n$/m);
      for (const rank of [1, 2])
        assert.match(await log(runId, rank), new RegExp(`^rank ${rank} node ${rank}\\n\\[\\]\\n$`, "m"));
      if (target === named) assert.match(await log(runId, 0), NO_NAMES);
      for (const rank of [0, 1, 2])
        assert.equal(String(await fileOf(service(), runId, `outputs/${rank}.txt`)), "project");
      await free();
      assert.equal(
        (await cluster().kubectl("get", "services", "-l", "malachite.service", "-o", "name")).trim(),
        "",
      );
    });

  describe("by MPI", () => {
    before(mpiImage);

    it("add up over two pods with two processes each", async () => {
      const runId = await start(pods, SUM(""), MPI);
      await reached(service(), runId, "Completed", LONG_MS);
      for (const rank of [0, 1, 2, 3])
        assert.match(
          await log(runId, rank),
          new RegExp(`^up ${rank} of 4 node ${rank >> 1} pods 2 sum 6$`, "m"),
        );
      await free();
    });

    it("end with the rank that fails in another pod, and say which", async () => {
      const script = SUM("if world.rank == 3: os._exit(7)\ntime.sleep(600)");
      const run = await ended(service(), await start(pods, script, MPI));
      assert.match(JSON.stringify(run.error), /Rank 3 ended with exit code 7/);
      await free();
    });

    it("are canceled in all pods, and end in the cluster's words when it takes one away", async () => {
      const first = await start(pods, SUM("time.sleep(600)"), MPI);
      await up(first, 0, 3);
      await cancel(service(), first);
      assert.equal((await ended(service(), first)).status, "Canceled");
      await free();
      const second = await start(pods, SUM("time.sleep(600)"), MPI);
      await up(second, 0, 3);
      await evict(await podOf(1));
      assert.match(JSON.stringify(await ended(service(), second)), /TakenAway/);
      await free();
    });
  });

  it("end whole when one of their processes fails, and say which", async () => {
    const run = await ended(service(), await start(pods, EACH("raise SystemExit(7)"), TORCH));
    assert.equal(run.status, "Failed");
    assert.match(JSON.stringify(run.error), /Rank 1 ended with exit code 7/);
    await free();
  });

  it("say that memory ended one of their pods", async () => {
    const run = await ended(service(), await start(small, EACH("x = bytearray(300 << 20)"), TORCH));
    assert.match(JSON.stringify(run), /OutOfMemory/);
    await free();
  });

  it("go on while the service is killed, and end under the next one", async () => {
    const script = "import time\nprint('up', flush=True)\ntime.sleep(8)\nprint('done')";
    const runId = await start(pods, script, TORCH);
    await up(runId, 0, 1);
    await service().kill("SIGKILL");
    await service().start();
    await reached(service(), runId, "Completed", LONG_MS);
    for (const rank of [0, 1]) assert.equal(await log(runId, rank), "up\ndone\n");
    await free();
  });

  it("are canceled in all pods", async () => {
    const runId = await start(pods, EACH("pass"), TORCH);
    await up(runId, 0, 1);
    await cancel(service(), runId);
    assert.equal((await ended(service(), runId)).status, "Canceled");
    await free();
  });

  it("do not begin before all of them have room, and say what they wait for", async () => {
    const more = { ...TORCH, docker: { useDocker: true, arguments: ["--cpus", "1.2"] } };
    const runId = await start(pods, EACH("pass"), more);
    await until(
      "the reason",
      async () => /1 of its 2 pods has its place and waits.*Insufficient cpu/.test(await why(runId)),
      LONG_MS,
    );
    assert.equal(await log(runId, 0), "");
    await cancel(service(), runId);
    assert.equal((await ended(service(), runId)).status, "Canceled");
    await free();
  });

  it("end in the cluster's words when it takes one of their pods away", async () => {
    const runId = await start(pods, EACH("pass"), TORCH);
    await up(runId, 0, 1);
    const name = await podOf(1);
    await evict(name);
    const run = await ended(service(), runId);
    assert.match(JSON.stringify(run), /TakenAway/);
    assert.match(JSON.stringify(run), new RegExp(`took pod ${name} .*away: EvictionByEvictionAPI`));
    await free();
  });
}
