// One log as a stream: what is there from an offset on, then what is written, until the run has ended and all was said.
import { MalachiteError } from "../domain/failure/malachiteError.ts";
import { LOCAL_LOG, RUN_FOLDER } from "../domain/launch/launchPlan.ts";
import { isTerminal } from "../domain/run/next.ts";
import type { Run } from "../domain/run/run.ts";
import { shownStatus } from "../domain/run/showStatus.ts";
import { Bell } from "./bell.ts";
import { liveFolders } from "./collectRun.ts";
import { findRun } from "./findRun.ts";
import type { LogEvent, RunAddress } from "./flow.ts";
import type { FlowPorts } from "./ports.ts";
import { fileInfo, readFile } from "./runFiles.ts";

type FollowPorts = Pick<FlowPorts, "artifacts" | "runs" | "targets" | "clock" | "news">;
export type FollowAsk = { readonly path?: string; readonly from: number; readonly signal: AbortSignal };

/** Hints make it quick; without any, the log is looked at this often. */
const LOOK_MS = 1000;

/** Throws RunNotFound, BadRange when `from` is beyond the end of a finished log, ArtifactNotFound for a file it never had. */
export async function* followLog(
  address: RunAddress,
  ask: FollowAsk,
  ports: FollowPorts,
): AsyncGenerator<LogEvent> {
  let run = await findRun(address, ports);
  const bell = new Bell();
  const done = new AbortController();
  const signal = AbortSignal.any([ask.signal, done.signal]);
  let news: Run | undefined;
  const unlisten = ports.news.onChange(run, (now) => {
    news = now;
    bell.ring();
  });
  let watching: string | undefined;
  let position = ask.from;
  let status: string | undefined;
  try {
    while (!ask.signal.aborted) {
      if (news && news.version > run.version) run = news;
      const over = isTerminal(run.life.status);
      const now = shownStatus(run, ports.clock.now());
      if (now !== status) yield { kind: "status", status: now };
      status = now;
      if (!over && watching !== run.life.handle?.key) {
        watching = run.life.handle?.key;
        listen(run, ask.path ?? RUN_FOLDER.log, ports, bell, signal);
      }
      for await (const bytes of readOn(run, ask, position, over, ports)) {
        yield { kind: "log", from: position, to: position + bytes.length, bytes };
        position += bytes.length;
        if (ask.signal.aborted) return;
      }
      if (over) {
        yield { kind: "end", status: now, to: position };
        return;
      }
      await bell.wait(LOOK_MS, ports.clock, ask.signal);
      if (!news || news.version <= run.version) run = (await ports.runs.get(run.scope, run.id)) ?? run;
    }
  } finally {
    unlisten();
    done.abort();
  }
}

/** Rings whenever the file in the run's folder may have grown. */
function listen(run: Run, path: string, { targets }: FollowPorts, bell: Bell, signal: AbortSignal): void {
  const { handle } = run.life;
  const watched = liveFolders(run).find((f) => path.startsWith(`${f.as}/`));
  if (!handle || !watched) return;
  const changes = targets
    .driver(handle.kind)
    .folder(handle)
    .changes(`${watched.folder}/${path.slice(watched.as.length + 1)}`, signal);
  void (async () => {
    for await (const _ of changes) bell.ring();
  })().catch(() => {
    // The watch is a hint; without it the log is looked at every LOOK_MS.
  });
}

async function* readOn(
  run: Run,
  ask: FollowAsk,
  position: number,
  over: boolean,
  ports: FollowPorts,
): AsyncGenerator<Uint8Array> {
  const at = { scope: run.scope, container: run.dataContainerId };
  const sizeOf = (path: string) =>
    fileInfo(at, path, ports).then(
      (file) => file.sizeBytes,
      (error: unknown) => {
        if (over && path !== RUN_FOLDER.log && path !== LOCAL_LOG) throw error;
        if (!(error instanceof MalachiteError) || error.code !== "ArtifactNotFound") throw error;
        return undefined;
      },
    );
  let path = ask.path ?? RUN_FOLDER.log;
  let size = await sizeOf(path);
  if (size === undefined && ask.path === undefined && run.origin === "external") {
    path = LOCAL_LOG;
    size = await sizeOf(path);
  }
  size ??= 0;
  if (over && ask.from > size) {
    throw new MalachiteError(
      "BadRange",
      `The log '${path}' has ${size} bytes; it cannot be followed from byte ${ask.from}.`,
      { target: "from" },
    );
  }
  if (size > position) yield* readFile(at, path, position, undefined, ports);
}
