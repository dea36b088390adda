// Slurm's commands that misbehave: hang, warn, refuse, are not there. Real programs in the place of Slurm's.
import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { isMalachiteError, type LaunchKey } from "@malachite/core";
import { ENTRIES, NODE_ARGS } from "../../../entries.ts";
import { createLauncher } from "../process/launcher.ts";
import { createSlurmCommands } from "./slurmCommands.ts";
import { SlurmRefused } from "./slurmVoice.ts";
import { jobRequest, submitArguments } from "./submitArguments.ts";

const folder = mkdtempSync(join(tmpdir(), "malachite-fake-slurm-"));
const launcher = createLauncher({ entry: ENTRIES.launcher, nodeArgs: NODE_ARGS, mark: folder });
const request = jobRequest({ key: "k" as LaunchKey, nodes: 1 }, {}, 0);
const job = { job: request, script: "/x/slurm.sh", scriptArguments: [] as string[], env: {} };
const isUnavailable = (said: RegExp) => (error: unknown) =>
  isMalachiteError(error) && error.code === "EngineUnavailable" && said.test(error.message);

function fake(name: string, script: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, name), 0o755);
}
/** A line of squeue: all but the reason in columns, which cut what does not fit. */
function jobLine(
  id: string,
  state: string,
  name: string,
  { start = "N/A", nodes = "1", preempted = "N/A", reason = "None" } = {},
) {
  const column = (text: string, width: number) => text.slice(0, width).padEnd(width);
  return [
    column(id, 20),
    column(state, 20),
    column(start, 20),
    column(nodes, 10),
    column(preempted, 20),
    column(name, 64),
    reason.padEnd(256),
  ].join("");
}
const cluster = { bin: folder };
const commands = (deadlineMs = 20_000) =>
  createSlurmCommands({
    path: "/usr/bin:/bin",
    env: { SBATCH_PARTITION: "wrong", SLURM_JOB_ID: "7" },
    runner: launcher,
    deadlineMs,
  });

describe("commands of Slurm", () => {
  after(async () => {
    await launcher[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  it("that hang are given up, and it is not known whether the job was taken", async () => {
    fake("sbatch", "exec sleep 600");
    fake("squeue", "exec sleep 600");
    await assert.rejects(
      commands(200).submit(cluster, job),
      isUnavailable(/sbatch did not answer within 0\.2 s/),
    );
    await assert.rejects(commands(200).jobs(cluster, ["k"]), isUnavailable(/squeue did not answer/));
  });

  it("tell a job that hears nothing now only for a moment; to kill it in vain is a failure", async () => {
    const jobs = [{ id: "1", state: "RUNNING", name: "k", reason: "" }];
    fake("scancel", "exec sleep 600");
    await commands(200).tell(cluster, jobs, "ask");
    await assert.rejects(commands(200).kill(cluster, jobs), isUnavailable(/scancel did not answer/));
    fake("scontrol", "echo 'Access/permission denied for job 1' >&2; exit 1");
    assert.equal(await commands().resume(cluster, jobs), false);
    fake("scontrol", `test "$*" = "resume 1"`);
    assert.equal(await commands().resume(cluster, jobs), true);
  });

  it("may have done it when what ran them was killed, and the next one runs", async () => {
    fake("sbatch", `touch "${folder}/begun"; exec sleep 5`);
    const submitted = assert.rejects(
      commands().submit(cluster, job),
      isUnavailable(/sbatch could not be run: The launcher ended \(SIGKILL\)/),
    );
    while (!existsSync(join(folder, "begun"))) await new Promise((resolve) => setTimeout(resolve, 5));
    process.kill(launcher.pid as number, "SIGKILL");
    await submitted;
    fake("sbatch", "echo 43");
    assert.equal(await commands().submit(cluster, job), "43");
  });

  it("that get more than the system takes say so", async () => {
    const scriptArguments = ["x".repeat(200_000)];
    await assert.rejects(commands().submit(cluster, { ...job, scriptArguments }), { code: "E2BIG" });
  });

  it("that warn have done what they were asked", async () => {
    fake(
      "sbatch",
      "echo 'sbatch: warning: can not run 1 processes on 2 nodes' >&2; echo 'Welcome to the lab'; echo '42;lab'",
    );
    assert.equal(await commands().submit(cluster, job), "42");
    fake(
      "squeue",
      `echo 'squeue: warning: slow' >&2; echo '${jobLine("42", "PENDING", "k", { reason: "Resources" })}'; echo 'news of the day'`,
    );
    assert.deepEqual(await commands().jobs(cluster, ["k"]), [
      { id: "42", state: "PENDING", name: "k", reason: "Resources" },
    ]);
  });

  it("that say no are told from those that could not ask", async () => {
    fake(
      "sbatch",
      "echo 'sbatch: error: Batch job submission failed: Invalid partition name specified' >&2; exit 1",
    );
    await assert.rejects(
      commands().submit(cluster, job),
      (error) =>
        error instanceof SlurmRefused &&
        /^Batch job submission failed: Invalid partition/.test(error.message),
    );
    for (const said of [
      "Batch job submission failed: Unable to contact slurm controller (connect failure)",
      "Batch job submission failed: Socket timed out on send/recv operation",
      "QOSMaxSubmitJobPerUserLimit",
      "AssocMaxSubmitJobLimit",
    ]) {
      fake("sbatch", `echo 'sbatch: error: ${said}' >&2; exit 1`);
      await assert.rejects(commands().submit(cluster, job), isUnavailable(/sbatch failed/), said);
    }
    fake("squeue", "echo 'slurm_load_jobs error: Unable to contact slurm controller' >&2; exit 1");
    await assert.rejects(commands().jobs(cluster, ["k"]), isUnavailable(/Unable to contact/));
    fake("sbatch", "true");
    await assert.rejects(commands().submit(cluster, job), isUnavailable(/did not say the number/));
  });

  it("get arguments as they are, and no variable that tells Slurm something else", async () => {
    const odd = ["a b", "", "$(id)", "`id`", "line\nbreak", "-J", "'\""];
    fake("sbatch", `env >"${folder}/env"; printf '%s\\0' "$@" >"${folder}/args"; echo 1`);
    await commands().submit(
      { ...cluster, conf: "/lab.conf" },
      { ...job, scriptArguments: odd, env: { TOKEN: "t" } },
    );
    assert.deepEqual(readFileSync(join(folder, "args"), "utf8").split("\0").slice(0, -1), [
      ...submitArguments(request),
      "/x/slurm.sh",
      ...odd,
    ]);
    const env = readFileSync(join(folder, "env"), "utf8");
    assert.match(env, /^TOKEN=t$/m);
    assert.match(env, /^SLURM_CONF=\/lab\.conf$/m);
    fake("squeue", `env >"${folder}/env"`);
    await commands().jobs(cluster, ["k"]);
    assert.doesNotMatch(readFileSync(join(folder, "env"), "utf8"), /SBATCH_|SLURM_JOB_ID/);
  });

  it("tell all of a job, whatever others are called", async () => {
    const day = "2026-01-01T00:00:0";
    const long = "k".repeat(48);
    const lines = [
      jobLine("7_[1-3]", "PENDING", "k"),
      jobLine("8", "RUNNING", `k ${long}${long}`),
      jobLine("9", "RUNNING", `${long}${long}`),
      jobLine("10", "FAILED", long, {
        start: `${day}1`,
        nodes: "2",
        preempted: `${day}2`,
        reason: "NonZeroExitCode",
      }),
      jobLine("11", "CANCELLED by 1000", "k", { nodes: "2-4", reason: "a | b" }),
    ];
    fake("squeue", `cat <<'E'\n${lines.join("\n")}\nE`);
    assert.deepEqual(await commands().jobs(cluster, ["k", long]), [
      {
        id: "10",
        state: "FAILED",
        name: long,
        reason: "NonZeroExitCode",
        start: `${day}1`,
        isWide: true,
        makesRoom: true,
      },
      { id: "11", state: "CANCELLED", name: "k", reason: "a | b", isWide: true },
    ]);
  });

  it("ask for hundreds of jobs at once, and take no other job for one of them", async () => {
    fake(
      "squeue",
      `echo call >>"${folder}/calls"; echo '${jobLine("1", "RUNNING", "k1")}'; echo '${jobLine("2", "RUNNING", "other")}'`,
    );
    const names = Array.from({ length: 5000 }, (_, i) => `k${i}`);
    assert.deepEqual(
      (await commands().jobs(cluster, names)).map(({ name }) => name),
      ["k1"],
    );
    assert.equal(readFileSync(join(folder, "calls"), "utf8"), "call\n");
  });

  it("that cancel what has ended meanwhile have succeeded", async () => {
    const jobs = [{ id: "1", name: "k", state: "RUNNING", reason: "None" }];
    fake(
      "scancel",
      "echo 'scancel: error: Kill job error on job id 1: Invalid job id specified' >&2; exit 1",
    );
    await commands().kill(cluster, jobs);
    fake("scancel", "exit 229");
    await commands().tell(cluster, jobs, "ask");
    fake("scancel", "echo 'scancel: error: Unable to contact slurm controller' >&2; exit 1");
    await assert.rejects(commands().tell(cluster, jobs, "ask"), isUnavailable(/Unable to contact/));
  });

  it("are looked at by check: each reason is exact", async () => {
    rmSync(join(folder, "sinfo"), { force: true });
    assert.match(
      (await commands().fault(cluster, {})) ?? "",
      /There is no sinfo in .*Install Slurm's client commands/,
    );
    assert.match(
      (await createSlurmCommands({ path: "/nowhere", env: {}, runner: launcher }).fault({}, {})) ?? "",
      /There is no sbatch on the PATH of the service/,
    );
    fake("sinfo", "true");
    assert.equal(await commands().fault(cluster, { partition: "gpu" }), "Slurm has no partition 'gpu'.");
    fake("sinfo", "echo 'gpu|down'");
    assert.equal(
      await commands().fault(cluster, { partition: "gpu" }),
      "The partition gpu is down: it starts no jobs.",
    );
    fake(
      "sinfo",
      "echo 'slurm_load_partitions: Unable to contact slurm controller (connect failure)' >&2; exit 1",
    );
    assert.match(
      (await commands().fault(cluster, { partition: "gpu" })) ?? "",
      /sinfo failed: .*Unable to contact slurm controller/,
    );
    fake("sinfo", "echo 'gpu|up'");
    assert.equal(await commands().fault(cluster, { partition: "gpu" }), undefined);
  });
});
