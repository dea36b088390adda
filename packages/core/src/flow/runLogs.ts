// Logs as people read them: `flow.logs`. Which there are, and what is asked of one of any size.
import type { malachite } from "@malachite/contract";
import type { WholeDefinition } from "../domain/definition/runDefinition.ts";
import { MalachiteError } from "../domain/failure/malachiteError.ts";
import { logOfDefinition } from "../domain/launch/groupShape.ts";
import { LOCAL_LOG } from "../domain/launch/launchPlan.ts";
import { attemptOfLog, rankOfLog } from "../domain/launch/logNames.ts";
import type { LogPlace } from "../domain/launch/logPlace.ts";
import type { Run } from "../domain/run/run.ts";
import type { LinesAsk, LogSearch, ScannedLog } from "../ports/logScanner.ts";
import { findRun } from "./findRun.ts";
import type { RunAddress, RunFile } from "./flow.ts";
import type { FlowPorts } from "./ports.ts";
import { listFiles, openPlace } from "./runFiles.ts";

/** One log of a run: the one that speaks for all of it, unless a path is given. */
export type LogAsk = { readonly path?: string | undefined; readonly since?: LogPlace | undefined };

export type ShownLog = RunFile & {
  readonly main: boolean;
  readonly rank?: number;
  readonly attempt?: number;
};

/** All throw RunNotFound, ArtifactNotFound for a log that is not there (yet), and what LogScanner throws. */
export interface LogFlow {
  /** The main one first, then by attempt and rank. */
  list(address: RunAddress): Promise<readonly ShownLog[]>;
  index(address: RunAddress, ask: LogAsk, signal: AbortSignal): Promise<malachite.LogIndex>;
  lines(address: RunAddress, ask: LogAsk & LinesAsk, signal: AbortSignal): Promise<malachite.LogLines>;
  search(address: RunAddress, ask: LogAsk & LogSearch, signal: AbortSignal): Promise<malachite.LogMatches>;
  findError(address: RunAddress, ask: LogAsk, signal: AbortSignal): Promise<malachite.LogErrorSearch>;
  compare(
    left: RunAddress & LogAsk,
    right: RunAddress & LogAsk,
    ask: { readonly ignore: readonly (typeof malachite.LOG_IGNORES)[number][]; readonly context: number },
    signal: AbortSignal,
  ): Promise<malachite.LogDivergence>;
}

type LogPorts = Pick<FlowPorts, "runs" | "artifacts" | "targets" | "logs">;
type Opened = AsyncDisposable & { readonly path: string; readonly live: boolean; readonly log: ScannedLog };

export function logFlow(ports: LogPorts): LogFlow {
  const { logs } = ports;
  return {
    list: async (address) => listLogs(await findRun(address, ports), ports),
    async index(address, ask, signal) {
      await using opened = await openLog(address, ask, ports);
      const { path, live, log } = opened;
      return { path, live, ...(await logs.index(log, signal)) };
    },
    async lines(address, ask, signal) {
      await using opened = await openLog(address, ask, ports);
      return { path: opened.path, ...(await logs.lines(opened.log, ask, signal)) };
    },
    async search(address, ask, signal) {
      await using opened = await openLog(address, ask, ports);
      return { path: opened.path, ...(await logs.search(opened.log, ask, signal)) };
    },
    async findError(address, ask, signal) {
      await using opened = await openLog(address, ask, ports);
      return { path: opened.path, ...(await logs.findError(opened.log, signal)) };
    },
    async compare(left, right, ask, signal) {
      await using one = await openLog(left, left, ports);
      await using other = await openLog(right, right, ports);
      const found = await logs.compare(one.log, other.log, ask, signal);
      return {
        ...found,
        left: { ...found.left, path: one.path, runId: left.runId },
        right: { ...found.right, path: other.path, runId: right.runId },
      };
    },
  };
}

const mainLogOf = (run: Run): string => logOfDefinition(run.definition as WholeDefinition | undefined);

async function openLog(address: RunAddress, { path, since }: LogAsk, ports: LogPorts): Promise<Opened> {
  const run = await findRun(address, ports);
  const at = { scope: run.scope, container: run.dataContainerId };
  const paths = path === undefined ? mainLogs(run) : [path];
  for (const path of paths) {
    const place = await openPlace(at, path, ports);
    if (place === undefined) continue;
    const { file, live } = place;
    return { path, live, log: { file, since }, [Symbol.asyncDispose]: () => file[Symbol.asyncDispose]() };
  }
  throw new MalachiteError("ArtifactNotFound", `The run '${run.id}' has no file '${paths[0]}'.`, {
    target: "path",
  });
}

/** Where the log that speaks for the run may be: runs of others have it where the v1 SDK's users look. */
const mainLogs = (run: Run): readonly string[] =>
  run.origin === "external" ? [mainLogOf(run), LOCAL_LOG] : [mainLogOf(run)];

/** Folders in which logs are, and how many of each are looked at. */
const LOG_FOLDERS = ["azureml-logs/", "logs/", "user_logs/"];
const MOST_IN_A_FOLDER = 1000;

/** The files that are logs, in order of path. */
export async function logsOfRun(
  run: Run,
  ports: Pick<FlowPorts, "runs" | "artifacts" | "targets">,
  limit = MOST_IN_A_FOLDER,
): Promise<readonly RunFile[]> {
  const at = { scope: run.scope, container: run.dataContainerId };
  const found: RunFile[] = [];
  for (const prefix of LOG_FOLDERS) found.push(...(await listFiles(at, { prefix, limit }, ports)).values);
  return found;
}

async function listLogs(run: Run, ports: LogPorts): Promise<readonly ShownLog[]> {
  const files = await logsOfRun(run, ports);
  const main = mainLogs(run).find((path) => files.some((file) => file.path === path));
  const shown = files.map((file): ShownLog => {
    const [rank, attempt] = [rankOfLog(file.path), attemptOfLog(file.path)];
    return {
      ...file,
      main: file.path === main,
      ...(rank === undefined ? {} : { rank }),
      ...(attempt === undefined ? {} : { attempt }),
    };
  });
  return shown.sort(byUse);
}

/** The logs of the processes in order of their ranks, then all others, those of earlier attempts last. */
function byUse(a: ShownLog, b: ShownLog): number {
  const keys = ({ main, attempt, rank, path }: ShownLog) =>
    [main ? 0 : 1, attempt ?? 0, rank ?? Number.MAX_SAFE_INTEGER, path] as const;
  const [left, right] = [keys(a), keys(b)];
  for (const [i, key] of left.entries()) {
    const other = right[i] as typeof key;
    if (key !== other) return key < other ? -1 : 1;
  }
  return 0;
}
