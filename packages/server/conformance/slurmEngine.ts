// A real Slurm for tests: two nodes on this machine, started by the scripts beside the repository.
import { execFile, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { type Door, openDoor } from "./door.ts";
import { ENGINES, factsIn, START_MS, startEngine, withoutScript } from "./engineScripts.ts";

/** `conf`: for the commands. `cgroups`: its nodes track jobs by control groups and limit memory. */
export type SlurmUnderTest = AsyncDisposable & {
  readonly conf: string;
  readonly cgroups: boolean;
  /** A way to its slurmrestd, where that was asked for. */
  openRest?(): Promise<Door>;
  /** Runs a command of it; its stdout. */
  run(command: string, ...args: readonly string[]): Promise<string>;
};

const run = promisify(execFile);

/** The slurm.conf of a Slurm that is there already: `MALACHITE_TEST_SLURM=/etc/slurm/slurm.conf`. */
const given = process.env.MALACHITE_TEST_SLURM;

/** Why tests with Slurm cannot run here; undefined when they can, and so must. */
export const withoutSlurm = (): string | undefined =>
  given === undefined ? withoutScript("Slurm", "slurm.sh") : undefined;

/**
 * Installs what is missing and starts it. `cgroups` false: it tracks processes by their parents, as where there are no control groups;
 * only one with them can be on a machine. Ask `withoutSlurm` first.
 */
export async function startSlurm({ cgroups = true, rest = false, cpus = 4 } = {}): Promise<SlurmUnderTest> {
  const variables = {
    SLURM_REST: rest ? "1" : "0",
    SLURM_CGROUP: cgroups ? "1" : "0",
    SLURM_CPUS: String(cpus),
  };
  const engine = given === undefined ? await startEngine("slurm.sh", () => variables) : undefined;
  const conf = given ?? join(engine?.folder ?? "", "slurm.conf");
  const address = engine?.facts.SLURM_REST_URL;
  return {
    conf,
    ...(address === undefined
      ? {}
      : { openRest: () => openDoor({ host: "127.0.0.1", port: Number(new URL(address).port) }) }),
    cgroups: readFileSync(conf, "utf8").includes("proctrack/cgroup"),
    run: async (command, ...args) =>
      (await run(command, args, { env: { ...process.env, SLURM_CONF: conf }, timeout: 60_000 })).stdout,
    [Symbol.asyncDispose]: async () => engine?.[Symbol.asyncDispose](),
  };
}

/**
 * Starts the nodes of a Slurm of two again, in a view of the file system in which the folder is empty: they share nothing in it with this
 * machine. Not for one that was there already.
 */
export async function hideFromNodes({ conf, run: ask }: SlurmUnderTest, path: string): Promise<void> {
  const folder = dirname(conf);
  const starts = async () => (await ask("scontrol", "show", "node")).match(/SlurmdStartTime=\S+/g) ?? [];
  const before = await starts();
  // They are told apart by the second.
  await pause(1000);
  await Promise.all(["slurmd-n1", "slurmd-n2"].map((name) => stopDaemon(folder, name)));
  const hidden = ["--mount", "sh", "-c", 'mount -t tmpfs none "$0" && exec slurmd "$@"', path];
  for (const node of ["n1", "n2"])
    startDaemon(folder, `slurmd-${node}`, "unshare", [...hidden, "-D", "-f", conf, "-N", node]);
  for (const end = Date.now() + 120_000; ; await pause(100)) {
    const now = await starts();
    if (now.length === 2 && now.every((start, index) => start !== before[index])) return untilIdle(ask);
    if (Date.now() > end) throw new Error(`the nodes did not come back: ${now}`);
  }
}

/** What a lab has besides: GPUs on the first node (files that look like devices), and partitions that preempt each other. */
const LAB_LINES = `GresTypes=gpu
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
PartitionName=canceled Nodes=n[1-2] PriorityTier=1 MaxTime=30 PreemptMode=CANCEL
PartitionName=requeued Nodes=n[1-2] PriorityTier=1 PreemptMode=REQUEUE
PartitionName=first Nodes=n[1-2] PriorityTier=10 PreemptMode=OFF
`;
const LAB_GRES = `NodeName=n1 Name=gpu Type=a100 File=/dev/null
NodeName=n1 Name=gpu Type=a100 File=/dev/zero
`;

/**
 * Starts a Slurm like `startSlurm`, without control groups, and makes it one of a lab. `killWait`: seconds from Slurm's SIGTERM to its SIGKILL.
 * Not for one that was there already.
 */
export async function startLab({ rest = false, killWait = 3 } = {}): Promise<SlurmUnderTest> {
  const slurm = await startSlurm({ cgroups: false, rest });
  try {
    const folder = dirname(slurm.conf);
    const text = readFileSync(slurm.conf, "utf8")
      .replace("NodeName=n1 ", "NodeName=n1 Gres=gpu:a100:2 ")
      .replace(/^KillWait=.*$/m, `KillWait=${killWait}`);
    await Promise.all(["slurmd-n1", "slurmd-n2", "slurmctld"].map((name) => stopDaemon(folder, name)));
    writeFileSync(slurm.conf, text + LAB_LINES);
    writeFileSync(join(folder, "gres.conf"), LAB_GRES);
    const conf = ["-D", "-f", slurm.conf];
    startDaemon(folder, "slurmctld", "slurmctld", conf);
    for (const node of ["n1", "n2"]) startDaemon(folder, `slurmd-${node}`, "slurmd", [...conf, "-N", node]);
    await untilIdle(slurm.run);
    return slurm;
  } catch (error) {
    await slurm[Symbol.asyncDispose]();
    throw error;
  }
}

async function untilIdle(ask: SlurmUnderTest["run"]): Promise<void> {
  const states = () => ask("sinfo", "--noheader", "--Node", "--partition=main", "--format=%T");
  for (const end = Date.now() + 120_000; (await states().catch(() => "")).trim() !== "idle\nidle"; ) {
    if (Date.now() > end) throw new Error(`the nodes are not there: ${await states()}`);
    await pause(100);
  }
}

/** As the scripts beside the repository write down what they have started: its number and when it began. */
const recordOf = (folder: string, name: string): string => join(folder, "run", name);

async function stopDaemon(folder: string, name: string): Promise<void> {
  const [pid = "0"] = readFileSync(recordOf(folder, name), "utf8").split(" ");
  process.kill(Number(pid), "SIGTERM");
  for (const end = Date.now() + 120_000; startOf(Number(pid)) !== undefined; await pause(50))
    if (Date.now() > end) throw new Error(`${name} does not end`);
}

function startDaemon(folder: string, name: string, command: string, args: readonly string[]): void {
  const log = openSync(join(folder, "log", `${name}.log`), "a");
  const PATH = `${process.env.PATH}:/usr/sbin:/sbin`;
  const options = { detached: true, env: { ...process.env, PATH }, cwd: "/" };
  const child = spawn(command, args, { ...options, stdio: ["ignore", log, log] });
  child.unref();
  writeFileSync(recordOf(folder, name), `${child.pid} ${startOf(child.pid ?? 0)}\n`);
}

/** When the process began, in the kernel's ticks; undefined where it is no more. */
function startOf(pid: number): string | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    return fields[0] === "Z" ? undefined : fields[19];
  } catch {
    // There is no such process.
    return undefined;
  }
}

/** Installs Open MPI and mpi4py for the system's python, with the variables that let "nodes" that share a machine use it. */
export function mpiOfMachine(): {
  readonly python: string;
  readonly environmentVariables: Record<string, string>;
} {
  const folder = mkdtempSync(join(tmpdir(), "malachite-mpi-"));
  const said = execFileSync(join(ENGINES, "mpi.sh"), ["start", folder], {
    encoding: "utf8",
    timeout: START_MS,
  });
  rmSync(folder, { recursive: true, force: true });
  const variables = Object.entries(factsIn(said)).filter(([name]) => name.startsWith("OMPI_"));
  return { python: "/usr/bin/python3", environmentVariables: Object.fromEntries(variables) };
}
