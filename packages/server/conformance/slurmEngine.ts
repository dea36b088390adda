// A real Slurm for tests: two nodes on this machine, started by the scripts beside the repository.
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ENGINES, factsIn, START_MS, startEngine, withoutScript } from "./engineScripts.ts";

/** `conf`: for the commands. `cgroups`: its nodes track jobs by control groups and limit memory. */
export type SlurmUnderTest = AsyncDisposable & {
  readonly conf: string;
  readonly cgroups: boolean;
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
export async function startSlurm({ cgroups = true } = {}): Promise<SlurmUnderTest> {
  const variables = { SLURM_REST: "0", SLURM_CGROUP: cgroups ? "1" : "0" };
  const engine = given === undefined ? await startEngine("slurm.sh", () => variables) : undefined;
  const conf = given ?? join(engine?.folder ?? "", "slurm.conf");
  return {
    conf,
    cgroups: readFileSync(conf, "utf8").includes("proctrack/cgroup"),
    run: async (command, ...args) =>
      (await run(command, args, { env: { ...process.env, SLURM_CONF: conf }, timeout: 60_000 })).stdout,
    [Symbol.asyncDispose]: async () => engine?.[Symbol.asyncDispose](),
  };
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
