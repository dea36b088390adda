// The engines of the bench: each with a target for the service, and the command that its users type for the same script.
import { execFile } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import {
  startCluster,
  startContainerEngine,
  startSlurm,
  startSshServer,
  withoutCluster,
  withoutEngine,
  withoutSlurm,
  withoutSshServer,
} from "@malachite/server/conformance";
import { python3 } from "../e2e/support/runs.ts";
import { msOf, SCRIPT, wallMs } from "./firstLine.ts";

export type EngineUnderBench = AsyncDisposable & {
  /** As malachite.yaml names it. */
  readonly target: Readonly<Record<string, unknown>>;
  readonly flags?: readonly string[];
  readonly configuration?: Readonly<Record<string, unknown>>;
  /** What its users type. */
  readonly command: string;
  /** Does so: ms to the first line. `serial` is another number each time. */
  byHand(serial: number): Promise<number>;
};

const run = promisify(execFile);
const ITS_PYTHON = {
  environment: { python: { userManagedDependencies: true, interpreterPath: "python3" } },
};

/** `folder` holds main.py. */
export const ENGINES: Readonly<
  Record<string, { missing(): string | undefined; start(folder: string): Promise<EngineUnderBench> }>
> = {
  slurm: { missing: withoutSlurm, start: slurm },
  ssh: { missing: withoutSshServer, start: ssh },
  podman: { missing: () => withoutEngine("podman"), start: podman },
  kubernetes: { missing: withoutCluster, start: kubernetes },
};

async function slurm(folder: string): Promise<EngineUnderBench> {
  // On each of its two nodes: jobs that are submitted at once then wait for nothing but Slurm.
  const engine = await startSlurm({ cpus: 16 });
  const job = join(folder, "job.sh");
  writeFileSync(job, `#!/bin/sh\nexec ${python3()} ${join(folder, "main.py")}\n`);
  const env = { ...process.env, SLURM_CONF: engine.conf };
  return {
    target: { kind: "slurm", conf: engine.conf },
    command: "sbatch job.sh",
    async byHand(serial) {
      const output = join(folder, `out-${serial}`);
      const begun = wallMs();
      await run("sbatch", ["--output", output, job], { env });
      while (!existsSync(output) || readFileSync(output).length === 0) await pause(5);
      return msOf(readFileSync(output, "utf8")) - begun;
    },
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}

async function ssh(folder: string): Promise<EngineUnderBench> {
  const engine = await startSshServer();
  const { host, port, user, fingerprint, key, knownHosts } = engine;
  const options = ["-o", `UserKnownHostsFile=${knownHosts}`, "-o", "BatchMode=yes"];
  return {
    target: {
      kind: "ssh",
      hosts: [{ host, port, user, fingerprint, slots: 16 }],
      key,
      folder: join(folder, "far"),
    },
    configuration: ITS_PYTHON,
    command: "ssh HOST python3 main.py",
    async byHand() {
      const begun = wallMs();
      const far = [...options, "-i", key, "-p", String(port), `${user}@${host}`];
      const { stdout } = await run("ssh", [...far, "python3", join(folder, "main.py")]);
      return msOf(stdout) - begun;
    },
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}

async function podman(folder: string): Promise<EngineUnderBench> {
  const engine = await startContainerEngine("podman");
  return {
    target: { kind: "container", socket: engine.socket, image: engine.image },
    flags: ["--runs-at-once", "16"],
    configuration: ITS_PYTHON,
    command: "podman run IMAGE python3 main.py",
    async byHand() {
      const begun = wallMs();
      const shown = ["--rm", "--network", "host", "-v", `${folder}:/bench:ro`, engine.image];
      const remote = ["--remote", "--url", `unix://${engine.socket}`];
      const { stdout } = await run("podman", [...remote, "run", ...shown, "python3", "/bench/main.py"]);
      return msOf(stdout) - begun;
    },
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}

async function kubernetes(folder: string): Promise<EngineUnderBench> {
  const cluster = await startCluster();
  const { kubeconfig, image } = cluster;
  const place = { image, imagePullPolicy: "Never" };
  return {
    target: { kind: "kubernetes", kubeconfig, ...place, volume: { hostPath: folder } },
    configuration: ITS_PYTHON,
    command: "kubectl create -f job.json",
    async byHand(serial) {
      const name = `bench-${process.pid}-${serial}`;
      const file = join(folder, `${name}.json`);
      const containers = [{ name: "main", ...place, command: ["python3", "-c", SCRIPT] }];
      const pod = { restartPolicy: "Never", terminationGracePeriodSeconds: 1, containers };
      writeFileSync(
        file,
        JSON.stringify({
          apiVersion: "batch/v1",
          kind: "Job",
          metadata: { name, labels: { bench: "malachite" } },
          spec: { backoffLimit: 0, template: { spec: pod } },
        }),
      );
      const begun = wallMs();
      await cluster.kubectl("create", "-f", file);
      for (;;) {
        // Until the pod is there and has begun there is no log, and kubectl says so by an error.
        const log = await cluster.kubectl("logs", `job/${name}`).catch(() => "");
        if (log !== "") return msOf(log) - begun;
        await pause(100);
      }
    },
    async [Symbol.asyncDispose]() {
      await cluster.kubectl("delete", "jobs", "-l", "bench=malachite", "--wait=false");
      await cluster[Symbol.asyncDispose]();
    },
  };
}
