// One log as a stream: what is there from an offset on, then what is written, until the run has ended and all was said. A log that
// is written anew meanwhile (rotated, cut, overwritten) is said to begin anew, so that bytes of two files are never taken for one.

import type { WholeDefinition } from "../domain/definition/runDefinition.ts";
import { MalachiteError } from "../domain/failure/malachiteError.ts";
import { logOfDefinition } from "../domain/launch/groupShape.ts";
import { LOCAL_LOG } from "../domain/launch/launchPlan.ts";
import { type LogPlace, SEAM_BYTES, seamOf, seamSum } from "../domain/launch/logPlace.ts";
import { isTerminal } from "../domain/run/next.ts";
import type { Run } from "../domain/run/run.ts";
import { shownStatus } from "../domain/run/showStatus.ts";
import type { OpenFile } from "../ports/openFile.ts";
import { Bell } from "./bell.ts";
import { liveFolders } from "./collectRun.ts";
import { findRun } from "./findRun.ts";
import type { LogEvent, RestartReason, RunAddress } from "./flow.ts";
import type { FlowPorts } from "./ports.ts";
import { openPlace } from "./runFiles.ts";

type FollowPorts = Pick<FlowPorts, "artifacts" | "runs" | "targets" | "clock" | "news">;
export type FollowAsk = { readonly path?: string; readonly from: LogPlace; readonly signal: AbortSignal };

/** Hints make it quick; without any, the log is looked at this often. */
const LOOK_MS = 1000;
const PIECE_BYTES = 256 * 1024;

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
  await using reader = new LogReader(ask.from);
  let watching: string | undefined;
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
        listen(run, ask.path ?? mainLogOf(run), ports, bell, signal);
      }
      const place = await openLog(run, ask, over, ports);
      if (over) await checkEnd(run, ask, place);
      for await (const event of reader.readOn(place)) {
        yield event;
        if (ask.signal.aborted) return;
      }
      if (over) {
        yield { kind: "end", status: now, to: reader.position };
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

const mainLogOf = (run: Run): string => logOfDefinition(run.definition as WholeDefinition | undefined);

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

type Place = NonNullable<Awaited<ReturnType<typeof openPlace>>>;

async function openLog(
  run: Run,
  { path }: FollowAsk,
  over: boolean,
  ports: FollowPorts,
): Promise<Place | undefined> {
  const at = { scope: run.scope, container: run.dataContainerId };
  const place = await openPlace(at, path ?? mainLogOf(run), ports);
  if (place) return place;
  if (path === undefined && run.origin === "external") return await openPlace(at, LOCAL_LOG, ports);
  if (over && path !== undefined && path !== mainLogOf(run) && path !== LOCAL_LOG)
    throw new MalachiteError("ArtifactNotFound", `The run '${run.id}' has no file '${path}'.`, {
      target: "path",
    });
  return undefined;
}

/** An offset alone, beyond the end of a log that is finished, is the asker's mistake. */
async function checkEnd(
  run: Run,
  { path = mainLogOf(run), from }: FollowAsk,
  place: Place | undefined,
): Promise<void> {
  const sizeBytes = (await place?.file.look())?.sizeBytes ?? 0;
  if (from.of !== undefined || from.offset <= sizeBytes) return;
  await place?.file[Symbol.asyncDispose]();
  throw new MalachiteError(
    "BadRange",
    `The log '${path}' has ${sizeBytes} bytes; it cannot be followed from byte ${from.offset}.`,
    { target: "from" },
  );
}

/** Where a follower stands: which file it reads, up to which byte, and the last bytes before that. */
class LogReader implements AsyncDisposable {
  position: number;
  #seam: Uint8Array = new Uint8Array();
  #held: OpenFile | undefined;
  #identity: string | undefined;
  #etag: string | undefined;
  /** Where the asker wants to begin, until that has been looked at. */
  #asked: LogPlace | undefined;

  constructor(from: LogPlace) {
    this.position = from.offset;
    this.#asked = from;
  }

  /** What is new, at first of the file that was read so far. Takes the file that is there now, if there is one. */
  async *readOn(place: Place | undefined): AsyncGenerator<LogEvent> {
    if (place === undefined) {
      // Gone for the moment: what was written to it before is still said.
      yield* this.#catchUp();
      return;
    }
    const { identity } = await place.file.look();
    const other = this.#identity !== undefined && this.#identity !== identity;
    if (other) yield* this.#catchUp();
    await this.#held?.[Symbol.asyncDispose]();
    this.#held = place.file;
    this.#identity = identity;
    // Also after a move into the store, where the same bytes may have become another file.
    if (other) this.#etag = undefined;
    if (other && place.live) yield this.#restart("replaced");
    else yield* this.#checkAsked(place);
    yield* this.#catchUp();
  }

  async *#checkAsked({ file, live }: Place): AsyncGenerator<LogEvent> {
    if (this.#asked === undefined) return;
    const { of } = this.#asked;
    const { sizeBytes, identity } = await file.look();
    // A log that has not come as far as an offset alone may still do so.
    if (sizeBytes < this.position && of === undefined) return;
    this.#asked = undefined;
    if (of !== undefined && live && of.identity !== identity) yield this.#restart("replaced");
    else if (sizeBytes < this.position) yield this.#restart("shrunk");
    else {
      const seam = await bytesOf(file, Math.max(0, this.position - SEAM_BYTES), this.position);
      if (of === undefined || seamSum(seam) === of.seam) this.#seam = seam;
      else yield this.#restart("rewritten");
    }
  }

  async *#catchUp(): AsyncGenerator<LogEvent> {
    const file = this.#held;
    if (file === undefined) return;
    for (;;) {
      const { sizeBytes, etag } = await file.look();
      if (etag === this.#etag) return;
      const begin = this.position - this.#seam.length;
      if (this.#seam.length > 0 && sizeBytes < this.position) {
        yield this.#restart("shrunk");
        continue;
      }
      // The seam comes with what follows it in one read, so that nothing is written in between.
      const end = Math.min(sizeBytes, this.position + PIECE_BYTES - this.#seam.length);
      const all = end > begin ? await bytesOf(file, begin, end) : new Uint8Array();
      if (this.#seam.some((byte, i) => byte !== all[i])) {
        yield this.#restart(all.length < this.#seam.length ? "shrunk" : "rewritten");
        continue;
      }
      const bytes = all.subarray(this.#seam.length);
      if (bytes.length === 0) {
        this.#etag = etag;
        return;
      }
      const [from, before] = [this.position, this.#seam];
      this.position += bytes.length;
      this.#seam = seamOf(before, bytes);
      yield { kind: "log", from, to: this.position, bytes, before, identity: this.#identity ?? "" };
    }
  }

  #restart(reason: RestartReason): LogEvent {
    this.position = 0;
    this.#seam = new Uint8Array();
    this.#etag = undefined;
    return { kind: "restart", reason };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#held?.[Symbol.asyncDispose]();
  }
}

async function bytesOf(file: OpenFile, from: number, to: number): Promise<Uint8Array<ArrayBuffer>> {
  const all = new Uint8Array(to - from);
  let length = 0;
  for await (const chunk of file.read(from, to)) {
    all.set(chunk.subarray(0, all.length - length), length);
    length += chunk.length;
  }
  return all.slice(0, Math.min(length, all.length));
}
