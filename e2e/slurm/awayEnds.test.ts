// Runs of several nodes that share no folder, ended by Slurm itself: what all of them still have to say comes home, as far as Slurm lets it.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type SlurmUnderTest, startLab } from "@malachite/server/conformance";
import { ended, fileOf, getRun, says, story, submit } from "../support/runs.ts";
import { type Service, until } from "../support/service.ts";
import { type AwaySlurm, startAwaySlurm, withoutOwnSlurm } from "./awaySlurm.ts";

const LAST_BYTES = 3_000_000;
/** Asked to end, each process leaves something, and takes a moment for it. */
const LAST = `
import os, signal, time
rank = os.environ["RANK"]
def last(*_):
    time.sleep(0.5); open("outputs/last-" + rank, "wb").write(b"z" * ${LAST_BYTES}); print("saved", flush=True); os._exit(3)
signal.signal(signal.SIGTERM, last)
print("up", flush=True)
while True: time.sleep(0.1)
`;
const TORCH = { framework: "PyTorch", communicator: "Gloo", nodeCount: 2, pytorch: { processCount: 2 } };

describe("runs of several nodes that Slurm itself ends", {
  skip: withoutOwnSlurm(),
  timeout: 600_000,
}, () => {
  let lab: AwaySlurm;
  let slurm: SlurmUnderTest;
  let service: Service;
  before(async () => {
    // Slurm's own is 30 s: a busy machine needs more than a moment to bring home what a run leaves.
    lab = await startAwaySlurm(() => startLab({ killWait: 20 }), {
      all: { memoryMiB: 512 },
      targets: { canceled: { partition: "canceled", exclusive: true } },
    });
    ({ slurm, service } = lab);
    await slurm.run("scontrol", "update", "NodeName=n2", "NodeAddr=127.0.0.2");
  });
  after(() => lab?.[Symbol.asyncDispose]());

  const log = async (runId: string, rank: number) =>
    String(await fileOf(service, runId, `user_logs/std_log_process_${rank}.txt`).catch(() => ""));
  const jobs = async () => (await slurm.run("squeue", "--noheader", "--format=%i")).trim();
  /** A run that is up on both nodes. */
  async function begun(target: string): Promise<{ readonly runId: string; readonly job: string }> {
    const runId = await submit(service, {
      files: { "main.py": LAST },
      configuration: { target, ...TORCH },
    });
    for (const rank of [0, 1]) await says(service, runId, "up", `user_logs/std_log_process_${rank}.txt`);
    return { runId, job: await jobs() };
  }
  async function hasAll(runId: string): Promise<void> {
    for (const rank of [0, 1]) {
      // The first node may have heard of it from the other one.
      assert.match(
        await log(runId, rank),
        /^up\n(malachite: The processes of node 1 .*\n)?saved\n$/,
        `rank ${rank}`,
      );
      assert.equal((await fileOf(service, runId, `outputs/last-${rank}`)).length, LAST_BYTES);
    }
    await lab.cleared();
    // Whom it made room for goes on a moment longer.
    await until("no job to be left", async () => (await jobs()) === "");
  }

  it("over their time bring home what both nodes leave", async () => {
    const { runId, job } = await begun("lab");
    await slurm.run("scontrol", "update", `job=${job}`, "TimeLimit=1", "EndTime=now+1");
    const run = await ended(service, runId);
    assert.equal(run.status, "Canceled");
    assert.match(JSON.stringify(await story(service, runId)), /TIMEOUT/);
    await hasAll(runId);
  });

  it("canceled there bring home what both nodes leave", async () => {
    const { runId, job } = await begun("lab");
    await slurm.run("scancel", job);
    assert.equal((await ended(service, runId)).status, "Canceled");
    await hasAll(runId);
  });

  for (const graceTime of [0, 20])
    it(`that make room for others bring home what both nodes leave, GraceTime=${graceTime}`, async () => {
      await slurm.run("scontrol", "update", "partition=canceled", `GraceTime=${graceTime}`);
      const { runId } = await begun("canceled");
      const first = ["--partition=first", "--nodes=2", "--exclusive", "--output=/dev/null", "--wrap=true"];
      await slurm.run("sbatch", ...first);
      const run = await ended(service, runId);
      await hasAll(runId);
      assert.match(`${run.status} ${JSON.stringify(run.error)}`, /^Failed .*Preempted/);
    });

  for (const [lost, left] of [
    ["n2", 0],
    ["n1", 1],
  ] as const)
    it(`end when ${lost} fails, and the other brings home what it leaves`, async () => {
      const { runId } = await begun("lab");
      await slurm.run("scontrol", "update", `nodename=${lost}`, "state=down", "reason=burnt");
      const run = await ended(service, runId);
      assert.match(`${run.status} ${JSON.stringify(run.error)}`, /^Failed .*NodeFailed/);
      assert.equal(await log(runId, left), "up\nsaved\n");
      assert.equal((await getRun(service, runId)).status, "Failed");
      await slurm.run("scontrol", "update", `nodename=${lost}`, "state=idle").catch(() => {
        // It has answered, and so is idle already.
      });
      await until("both nodes to be free", async () => {
        const states = await slurm.run("sinfo", "--noheader", "--Node", "--partition=main", "--format=%T");
        return (await jobs()) === "" && states.trim() === "idle\nidle";
      });
    });
});
