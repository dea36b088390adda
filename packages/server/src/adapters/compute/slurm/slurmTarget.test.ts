import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { LaunchKey, TargetSettings } from "@malachite/core";
import { faultOfOptions, parseSlurmOptions } from "./slurmTarget.ts";
import { whyWaiting } from "./slurmWords.ts";
import { jobRequest, submitArguments } from "./submitArguments.ts";

const target = (options: TargetSettings["options"]): TargetSettings => ({
  name: "lab",
  kind: "slurm",
  pool: "target:lab",
  options,
});

describe("options of a slurm target", () => {
  it("are refused by name", () => {
    for (const [options, said] of [
      [
        { partitoin: "x" },
        /Option partitoin .* is not known; a slurm target knows bin, conf, folder.* Did you mean 'partition'\?$/,
      ],
      [{ toolPath: ["bin"] }, /Option toolPath .* must be a list of absolute paths/],
      [{ folder: "runs" }, /Option folder .* must be an absolute path/],
      [{ partition: "a\nb" }, /Option partition .* must be text of one line/],
      [{ memoryMiB: 1.5 }, /Option memoryMiB .* must be a whole number from 1/],
      [{ shared: "no" }, /Option shared .* must be true or false/],
      [{ exclusive: "yes" }, /Option exclusive .* must be true or false/],
      [{ extraArguments: "--comment=x" }, /must be a list of texts/],
      [{ extraArguments: ["script.sh"] }, /has 'script.sh', which is not written --name or --name=value/],
      [{ extraArguments: ["-J"] }, /which is not written/],
      [{ extraArguments: ["--job-name=x"] }, /--job-name is the service's own/],
      [{ extraArguments: ["--outp=/etc/passwd"] }, /--output is the service's own/],
      [{ extraArguments: ["--ar=0-1"] }, /--array is the service's own/],
      [
        { extraArguments: ["--partition=gpu"] },
        /has '--partition=gpu': give the target the option partition instead/,
      ],
      [{ extraArguments: ["--mem=4G"] }, /give the target the option memoryMiB instead/],
      [{ extraArguments: ["--wrap=id"] }, /--wrap is the service's own/],
      [{ restUser: "me" }, /Option restUser .* needs the option rest/],
      [{ rest: "lab:6820" }, /Option rest .* must be an address such as http/],
      [{ rest: "http://me:secret@lab:6820" }, /Option rest .* it holds no token/],
      [{ rest: "http://lab:6820", restTokenFile: "token" }, /restTokenFile .* must be an absolute path/],
      [{ rest: "http://lab:6820", restVersion: "40" }, /restVersion .* must be written as v0\.0\.40/],
      [{ rest: "http://lab:6820", restVersion: "v0.0.36" }, /restVersion .* one from v0\.0\.38/],
      [{ rest: "http://lab:6820", extraArguments: ["--comment=x"] }, /does not go together with rest/],
      [{ restToken: "x" }, /restToken .* is not known/],
    ] as const)
      assert.match(faultOfOptions(target(options as never)) ?? "", said);
    assert.equal(faultOfOptions(target({ extraArguments: ["--comment=a b", "--exclusive"] })), undefined);
  });

  it("become options of sbatch, each one argument", () => {
    const options = parseSlurmOptions(
      target({
        partition: "gpu",
        account: "phys",
        qos: "high",
        constraint: "a100&nvme",
        gpusPerNode: 8,
        gpuType: "a100",
        gres: "craynetwork:1",
        memoryMiB: 2048,
        cpus: 8,
        extraArguments: ["--comment=a b"],
      }),
    );
    const key = "k-1" as LaunchKey;
    const asked = submitArguments(
      jobRequest({ key, nodes: 2, gpusPerNode: 4, maxSeconds: 90 }, options, 10_000),
    );
    for (const flag of [
      "--job-name=k-1",
      "--no-requeue",
      "--nodes=2",
      "--ntasks-per-node=1",
      "--partition=gpu",
      "--account=phys",
      "--qos=high",
      "--constraint=a100&nvme",
      "--gres=craynetwork:1,gpu:a100:4",
      "--mem=2048M",
      "--cpus-per-task=8",
      "--time=4",
      "--comment=a b",
    ])
      assert.ok(asked.includes(flag), `${flag} in ${asked}`);
    const plain = submitArguments(jobRequest({ key, nodes: 1 }, { timeLimitMinutes: 30 }, 0));
    assert.ok(plain.includes("--time=30") && !plain.some((flag) => flag.startsWith("--gres")));
  });

  it("ask for no more time than the partition allows: what a run may take it need not", () => {
    const key = "k-1" as LaunchKey;
    for (const [maxSeconds, longest, time] of [
      [3600, 60, "--time=60"],
      [3600, 1440, "--time=63"],
      [2_592_000, 1440, "--time=1440"],
      [3600, undefined, "--time=63"],
    ] as const) {
      const asked = submitArguments(jobRequest({ key, nodes: 1, maxSeconds }, {}, 10_000, longest));
      assert.ok(asked.includes(time), `${time} in ${asked}`);
    }
  });

  it("place as many tasks on a node as MPI has ranks there", () => {
    const process = { name: "r", node: 0, argv: [], environment: {}, log: "l" };
    const group = {
      starter: "mpirun",
      ports: [],
      environment: {},
      processes: [process, process, process, process],
      graceMs: 1,
    } as const;
    const asked = submitArguments(jobRequest({ key: "k" as LaunchKey, nodes: 2, group }, { cpus: 8 }, 0));
    assert.ok(asked.includes("--ntasks-per-node=2") && asked.includes("--cpus-per-task=4"));
  });
});

describe("why a job waits", () => {
  const job = { id: "7", name: "k", state: "PENDING", reason: "None" };
  it("is Slurm's word and what it means", () => {
    assert.equal(
      whyWaiting({ ...job, reason: "Resources", start: "2026-01-02T03:04:05" }),
      "Slurm says of job 7: Resources, the nodes, processors, memory or GPUs that it needs are not free. It is expected to begin at 2026-01-02T03:04:05 UTC.",
    );
    assert.match(
      whyWaiting({ ...job, reason: "QOSMaxJobsPerUserLimit" }),
      /QOSMaxJobsPerUserLimit, a limit of its QOS is reached\.$/,
    );
    assert.match(whyWaiting({ ...job, reason: "AssocGrpCpuLimit" }), /a limit of its account is reached\.$/);
    assert.match(
      whyWaiting({ ...job, reason: "ReqNodeNotAvail, UnavailableNodes:n1" }),
      /UnavailableNodes:n1, nodes that it needs/,
    );
    assert.equal(whyWaiting({ ...job, reason: "SomethingNew" }), "Slurm says of job 7: SomethingNew.");
  });
});
