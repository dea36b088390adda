// Asks Slurm by its commands: argv and never a shell, a deadline for each, output bounded. Warnings on stderr are no failures.
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { isMalachiteError, MalachiteError } from "@malachite/core";
import type { CommandRunner } from "../../shared/commandRunner.ts";
import { JOB_SIGNALS } from "./jobScript.ts";
import { faultOfPartitions, longestOf, minutesIn, type PartitionSeen } from "./partitions.ts";
import type { SlurmCluster } from "./slurmTarget.ts";
import { NOT_HEARD, NOT_HEARD_NUMBERS, passes, SlurmRefused, type SlurmVoice } from "./slurmVoice.ts";
import type { SlurmJob } from "./slurmWords.ts";
import { submitArguments } from "./submitArguments.ts";

export type SlurmCommandsOptions = {
  /** Where commands are looked for, unless their target says it. */
  readonly path: string;
  /** What of the service's environment they get. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly runner: CommandRunner;
  /** How long one may take; 20 seconds unless told. */
  readonly deadlineMs?: number;
};

/** What a command said when it said no. */
class CommandRefused extends SlurmRefused {
  readonly exitCode: number;
  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** It gave no answer in time. */
class TooLate extends MalachiteError {
  constructor(message: string) {
    super("EngineUnavailable", message);
  }
}

const DEADLINE_MS = 20_000;
/** A signal to a job takes milliseconds, or is one that the job does not hear now. */
const TELL_MS = 5_000;
const MOST_BYTES = 64 * 2 ** 20;
/** Names in one question: an argument may have 128 KiB. More jobs than that are asked for without names. */
const MOST_NAMES = 2000;

/** Of the service's environment: the rest may hold SBATCH_ and SLURM_ variables that would change what is asked. */
const KEPT = ["HOME", "USER", "LOGNAME", "SLURM_CONF", "LD_LIBRARY_PATH"];
/** Variables by which commands of Slurm are told options; those of a run must not reach its sbatch. */
export const OF_SLURM = /^(SLURM|SBATCH|SQUEUE|SCANCEL|SINFO|SRUN|SALLOC|SPANK|_SLURM|SACCT)/;

const SEPARATOR = "|";
/** What squeue tells of a job, and in how many characters. A name that is longer than the key of a launch is none of ours, whatever is cut of it. */
const COLUMNS = [
  ["JobArrayID", 20],
  ["State", 20],
  ["StartTime", 20],
  ["NumNodes", 10],
  ["PreemptTime", 20],
  ["Name", 64],
  ["Reason", 256],
] as const;
const FORMAT = COLUMNS.map(([field, width]) => `${field}:${width}`).join(",");
const JOB_LINE = new RegExp(`^${COLUMNS.map(([, width]) => `(.{0,${width}})`).join("")}`);
const SINFO_FORMAT = ["%P", "%a", "%l", "%G"].join(SEPARATOR);

export function createSlurmCommands({
  path,
  env,
  runner,
  deadlineMs = DEADLINE_MS,
}: SlurmCommandsOptions): SlurmVoice {
  const own = Object.fromEntries(
    KEPT.flatMap((name) => {
      const value = env[name];
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
  const tellMs = Math.min(deadlineMs, TELL_MS);
  const uid = String(process.getuid?.() ?? 0);
  const environmentFor = ({ conf }: SlurmCluster) => ({
    ...own,
    PATH: path,
    // Messages and times in one way only.
    LC_ALL: "C",
    TZ: "UTC",
    SLURM_TIME_FORMAT: "standard",
    ...(conf === undefined ? {} : { SLURM_CONF: conf }),
  });

  /** Throws SlurmRefused with what it said on stderr, EngineUnavailable where it said nothing of use or nothing in time, the system's E2BIG. */
  async function run(
    cluster: SlurmCluster,
    name: string,
    args: readonly string[],
    {
      environment = environmentFor(cluster),
      withinMs = deadlineMs,
    }: {
      readonly environment?: Readonly<Record<string, string>>;
      readonly withinMs?: number | undefined;
    } = {},
  ): Promise<string> {
    const program = await commandOf(cluster, name);
    const limits = { timeoutMs: withinMs, maxBytes: MOST_BYTES };
    const end = await runner.run({ program, args, env: environment, cwd: "/", ...limits });
    if ("fault" in end) {
      const { code, message } = end.fault;
      if (code === "E2BIG") throw Object.assign(new Error(message), { code });
      if (code === "TIMEOUT") throw new TooLate(`${name} did not answer within ${withinMs / 1000} s.`);
      throw unavailable(`${name} could not be run: ${code === "LOST" ? message : code}.`);
    }
    if (end.exitCode === 0) return end.stdout;
    throw new CommandRefused(
      lastWords(end.stderr) || `${name} ended with exit code ${end.exitCode}`,
      end.exitCode,
    );
  }

  async function commandOf({ bin }: SlurmCluster, name: string): Promise<string> {
    for (const folder of bin === undefined ? path.split(delimiter) : [bin]) {
      const file = join(folder, name);
      if (folder.startsWith("/") && (await isExecutable(file))) return file;
    }
    const where = bin === undefined ? "on the PATH of the service" : `in ${bin}`;
    throw unavailable(
      `There is no ${name} ${where}. Install Slurm's client commands, or set the option bin.`,
    );
  }

  async function ask(cluster: SlurmCluster, name: string, args: readonly string[]): Promise<string> {
    try {
      return await run(cluster, name, args);
    } catch (error) {
      throw error instanceof SlurmRefused ? unavailable(`${name} failed: ${error.message}`, error) : error;
    }
  }

  async function partitions(
    cluster: SlurmCluster,
    partition: string | undefined,
  ): Promise<readonly PartitionSeen[]> {
    // One of the two; sinfo refuses both.
    const filter = partition === undefined ? "--all" : `--partition=${partition}`;
    return parsePartitions(await ask(cluster, "sinfo", ["--noheader", `--format=${SINFO_FORMAT}`, filter]));
  }

  async function scancel(
    cluster: SlurmCluster,
    flags: readonly string[],
    jobs: readonly SlurmJob[],
    withinMs?: number,
  ) {
    if (jobs.length === 0) return;
    try {
      await run(cluster, "scancel", [...flags, ...jobs.map(({ id }) => id)], { withinMs });
    } catch (error) {
      if (!(error instanceof CommandRefused)) throw error;
      // It has ended meanwhile, which is what was wanted; the next look tells.
      if (NOT_HEARD.test(error.message) || NOT_HEARD_CODES.includes(error.exitCode)) return;
      throw unavailable(`scancel failed: ${error.message}`, error);
    }
  }

  return {
    async submit(cluster, { job, script, scriptArguments, env: ofRun }) {
      const environment = { ...ofRun, ...environmentOfConf(cluster, own) };
      const args = [...submitArguments(job), script, ...scriptArguments];
      try {
        const said = await run(cluster, "sbatch", args, { environment });
        const id = /^(\d+)(;.*)?$/m.exec(said)?.[1];
        if (id !== undefined) return id;
        throw unavailable(`sbatch did not say the number of the job: ${said.slice(0, 200)}`);
      } catch (error) {
        if (error instanceof SlurmRefused && passes(error.message))
          throw unavailable(`sbatch failed: ${error.message}`, error);
        throw error;
      }
    },
    async jobs(cluster, names) {
      if (names.length === 0) return [];
      const filter = names.length > MOST_NAMES ? [] : [`--name=${names.join(",")}`];
      const flags = ["--noheader", "--all", "--local", "--states=all", `--user=${uid}`, `--Format=${FORMAT}`];
      const wanted = new Set(names);
      return parseJobs(await ask(cluster, "squeue", [...flags, ...filter])).filter(({ name }) =>
        wanted.has(name),
      );
    },
    async tell(cluster, jobs, order) {
      try {
        await scancel(cluster, [`--signal=${JOB_SIGNALS[order]}`, "--batch"], jobs, tellMs);
      } catch (error) {
        // It tries for minutes to tell a job that was suspended in this moment; the next look tells what became of it.
        if (!(error instanceof TooLate)) throw error;
      }
    },
    async resume(cluster, jobs) {
      try {
        await run(cluster, "scontrol", ["resume", jobs.map(({ id }) => id).join(",")]);
        return true;
      } catch (error) {
        // Only operators of Slurm may, and scontrol need not be there. What is no longer suspended is seen at the next look.
        if (error instanceof SlurmRefused || isMalachiteError(error)) return false;
        throw error;
      }
    },
    withdraw: (cluster, jobs) => scancel(cluster, ["--state=PENDING"], jobs),
    async kill(cluster, jobs) {
      await scancel(cluster, ["--signal=KILL", "--full"], jobs);
      await scancel(cluster, [], jobs);
    },
    longest: async (cluster, partition) => longestOf(await partitions(cluster, partition), partition),
    async fault(cluster, wanted) {
      try {
        for (const name of ["sbatch", "squeue", "scancel", "sinfo"]) await commandOf(cluster, name);
        return faultOfPartitions(await partitions(cluster, wanted.partition), wanted);
      } catch (error) {
        if (error instanceof MalachiteError) return error.message;
        throw error;
      }
    },
  };
}

/** One line for the nodes of a partition that are alike. */
function parsePartitions(text: string): PartitionSeen[] {
  return text.split("\n").flatMap((line) => {
    const [name = "", state, time = "", ...gres] = line.split(SEPARATOR);
    if (state === undefined || name === "") return [];
    const maxMinutes = minutesIn(time.trim());
    return [
      {
        name: name.trim().replace(/\*$/, ""),
        isDefault: name.trim().endsWith("*"),
        state: state.trim(),
        ...(maxMinutes === undefined ? {} : { maxMinutes }),
        gres: gres.join(SEPARATOR).replace("(null)", "").trim(),
      },
    ];
  });
}

/** It says N/A where there is none. */
const IS_TIME = /^\d{4}-/;

/** One line a job; whatever else was printed is no job. */
function parseJobs(text: string): SlurmJob[] {
  return text.split("\n").flatMap((line) => {
    const [, ...columns] = JOB_LINE.exec(line) ?? [];
    const [id = "", state = "", start = "", nodes = "", preempted = "", name = "", reason = ""] = columns.map(
      (column) => column.trim(),
    );
    if (!/^\d+$/.test(id) || name === "") return [];
    return [
      {
        id,
        state: state.replace(/[^A-Z_].*$/, ""),
        name,
        reason,
        ...(IS_TIME.test(start) ? { start } : {}),
        ...(Number.parseInt(nodes, 10) > 1 ? { isWide: true as const } : {}),
        ...(IS_TIME.test(preempted) ? { makesRoom: true as const } : {}),
      },
    ];
  });
}

/** Where the run's sbatch is to find its Slurm, as all of the service's commands do. */
function environmentOfConf({ conf }: SlurmCluster, own: Readonly<Record<string, string>>) {
  const found = conf ?? own.SLURM_CONF;
  return found === undefined ? undefined : { SLURM_CONF: found };
}

/** An exit code has the lower byte of Slurm's number; scancel may say nothing besides. */
const NOT_HEARD_CODES = NOT_HEARD_NUMBERS.map((number) => number % 256);

/** What it said, without its own name in front and without warnings. */
const lastWords = (stderr: string): string =>
  stderr
    .split("\n")
    .map((line) => line.replace(/^\w+: (error: |fatal: )?/, "").trim())
    .filter((line) => line !== "")
    .slice(-5)
    .join("; ")
    .slice(0, 1000);

const unavailable = (message: string, cause?: unknown): MalachiteError =>
  new MalachiteError("EngineUnavailable", message, { cause });

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return true;
  } catch {
    // Not there, or not to be run: the next folder may have it.
    return false;
  }
}
