// A real Slurm for tests: two nodes on this machine, started by the scripts beside the repository.
import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** `conf`: for the commands. `cgroups`: its nodes track jobs by control groups and limit memory. */
export type SlurmUnderTest = AsyncDisposable & {
  readonly conf: string;
  readonly cgroups: boolean;
  /** Runs a command of it; its stdout. */
  run(command: string, ...args: readonly string[]): Promise<string>;
};

const run = promisify(execFile);
const SCRIPT = fileURLToPath(new URL("../../../../shared/engines/slurm.sh", import.meta.url));
const START_MS = 300_000;

/** The slurm.conf of a Slurm that is there already: `MALACHITE_TEST_SLURM=/etc/slurm/slurm.conf`. */
const given = process.env.MALACHITE_TEST_SLURM;

/** Why tests with Slurm cannot run here; undefined when they can, and so must. */
export function withoutSlurm(): string | undefined {
  if (given !== undefined) return undefined;
  if (process.platform !== "linux") return "Slurm is started for tests on Linux alone";
  if (!existsSync(SCRIPT))
    return "Slurm is not started here: there are no scripts for engines beside the repository";
  if (process.getuid?.() !== 0) return "Slurm is started for tests by root alone";
  return undefined;
}

/**
 * Installs what is missing and starts it. `cgroups` false: it tracks processes by their parents, as where there are no control groups;
 * only one with them can be on a machine. Ask `withoutSlurm` first.
 */
export async function startSlurm({ cgroups = true } = {}): Promise<SlurmUnderTest> {
  const folder = given === undefined ? mkdtempSync(join(tmpdir(), "malachite-slurm-")) : "";
  const conf = given ?? join(folder, "slurm.conf");
  const env = { ...process.env, SLURM_REST: "0", SLURM_CGROUP: cgroups ? "1" : "0" };
  const stop = async () => {
    if (given !== undefined) return;
    await run(SCRIPT, ["stop", folder], { env, timeout: 60_000 });
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    if (given === undefined) await run(SCRIPT, ["start", folder], { env, timeout: START_MS });
  } catch (error) {
    // Why it did not start is what is to be told, not that there was nothing to stop.
    await stop().catch(() => {});
    throw error;
  }
  return {
    conf,
    cgroups: readFileSync(conf, "utf8").includes("proctrack/cgroup"),
    run: async (command, ...args) =>
      (await run(command, args, { env: { ...process.env, SLURM_CONF: conf }, timeout: 60_000 })).stdout,
    [Symbol.asyncDispose]: stop,
  };
}

/** Installs Open MPI and mpi4py for the system's python, with the variables that let "nodes" that share a machine use it. */
export function mpiOfMachine(): {
  readonly python: string;
  readonly environmentVariables: Record<string, string>;
} {
  const script = fileURLToPath(new URL("../../../../shared/engines/mpi.sh", import.meta.url));
  const folder = mkdtempSync(join(tmpdir(), "malachite-mpi-"));
  const said = execFileSync(script, ["start", folder], { encoding: "utf8", timeout: START_MS });
  rmSync(folder, { recursive: true, force: true });
  const pairs = [...said.matchAll(/\b(OMPI_\w+)=(\S+)/g)].map(([, name = "", value = ""]) => [name, value]);
  return { python: "/usr/bin/python3", environmentVariables: Object.fromEntries(pairs) };
}
