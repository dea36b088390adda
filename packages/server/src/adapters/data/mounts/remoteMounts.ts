// Mounts of remote storages on this machine. Each has a folder and a process of rclone's that outlives the service; the folder says
// enough to find both again. The service never touches a file of a mount: one that hangs hangs whoever does.
import { mkdir, open, realpath } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type DataSource, MalachiteError } from "@malachite/core";
import { hasCode } from "../../../files/index.ts";
import { ask } from "./ask.ts";
import { type Holder, type MountNote, readNote, writeNote } from "./mountNote.ts";
import { isMounted } from "./mountTable.ts";
import { hiddenOf, type MountTools, missingOf, mountFacts, toolsOf } from "./mountTools.ts";
import { lastWords, type MountAsk, mountArguments, mountEnvironment, PLACES } from "./rcloneMount.ts";

/** Processes that go on without the service; compose has them. */
export type OutlivingProcesses = {
  /** Throws EngineUnavailable. */
  start(ask: {
    readonly program: string;
    readonly args: readonly string[];
    readonly env: Readonly<Record<string, string>>;
    readonly cwd: string;
    readonly mark: Mark;
  }): Promise<Holder>;
  isAlive(one: Holder): boolean;
  find(mark: Mark): readonly Holder[];
};
type Mark = { readonly name: string; readonly value: string };

export type RemoteMountsOptions = {
  readonly processes: OutlivingProcesses;
  /** Where rclone and fusermount3 are looked for. */
  readonly path: string;
  /** The service's own environment, of which a mount gets a little. */
  readonly env: Readonly<Record<string, string | undefined>>;
};

/** How a mount came to its end: it closed all files and ended, was killed when it did not, or had ended before it was asked to. */
export type MountEnd = { readonly end: NonNullable<MountNote["end"]>; readonly words: string };

export type RemoteMounts = {
  /** What is missing on this machine, in words; undefined where mounts can be made. */
  fault(inContainer: boolean): Promise<string | undefined>;
  /** The mount of a folder, if it is there and served. */
  shown(folder: string): Promise<DataSource | undefined>;
  /** Mounts, and returns when it is there. Throws DataUnreachable, EngineUnavailable. */
  show(folder: string, what: Omit<MountAsk, "letsOthersIn">, signal?: AbortSignal): Promise<DataSource>;
  /**
   * Takes the mount away and ends its process, which may take `closeMs` to close files. Undefined where there never was one. May be
   * repeated. Throws EngineUnavailable when it is still there.
   */
  takeOff(folder: string, closeMs: number, signal?: AbortSignal): Promise<MountEnd | undefined>;
};

/** Only the process of a mount has it; its value is the mount's folder. */
const MARK = "MALACHITE_MOUNT";

const SHOWN_WITHIN_MS = 30_000;
/** A mount whose files have just been closed may be busy for a moment. */
const FREE_WITHIN_MS = 2000;
const TOOL_MS = 5000;
const END_MS = 5000;
const LOOK_MS = 30;
const TAIL_BYTES = 4096;
/** More than one over another are only there after a crash. */
const MOST_LAYERS = 5;

/** Starts nothing and asks nothing until told. */
export function createRemoteMounts({ processes, path, env }: RemoteMountsOptions): RemoteMounts {
  const placeOf = async (folder: string): Promise<string | undefined> => {
    try {
      return join(await realpath(folder), PLACES.at);
    } catch (error) {
      if (hasCode(error, "ENOENT", "ENOTDIR")) return undefined;
      throw error;
    }
  };
  const markOf = (at: string): Mark => ({ name: MARK, value: at });

  /** Who serves the mount now. The one of the note, or one that was started just before a crash. */
  function holdersOf(at: string, note: MountNote | undefined): readonly Holder[] {
    if (note?.holder !== undefined && processes.isAlive(note.holder)) return [note.holder];
    return note?.holder !== undefined && note.end !== undefined ? [] : processes.find(markOf(at));
  }

  async function tools(): Promise<MountTools> {
    const facts = await mountFacts(path);
    const found = toolsOf(facts);
    if (found !== undefined) return found;
    throw new MalachiteError(
      "DataUnreachable",
      `Nothing can be mounted here: ${missingOf(facts).join("; ")}.`,
    );
  }

  async function words(folder: string, source?: MountAsk["source"]): Promise<string> {
    return lastWords(await tailOf(join(folder, PLACES.log)).catch(() => ""), source);
  }

  async function show(folder: string, what: Omit<MountAsk, "letsOthersIn">, signal?: AbortSignal) {
    const { rclone, letsOthersIn } = await tools();
    const { source, file, readOnly } = what;
    for (const part of [PLACES.at, PLACES.cache])
      await mkdir(join(folder, part), { recursive: true, mode: 0o700 });
    const at = (await placeOf(folder)) as string;
    const note: MountNote = {
      version: 1,
      root: source.root,
      readOnly,
      ...(file === undefined ? {} : { file }),
    };
    // Before it is started: whoever comes after a crash looks for it.
    await writeNote(folder, note);
    const holder = await processes.start({
      program: rclone,
      args: mountArguments(folder, { ...what, letsOthersIn }),
      env: mountEnvironment(source, env),
      cwd: folder,
      mark: markOf(at),
    });
    await writeNote(folder, { ...note, holder });
    const deadline = performance.now() + SHOWN_WITHIN_MS;
    for (;;) {
      // In this order: what is not alive now was mounted before, if ever.
      const isAlive = processes.isAlive(holder);
      if (await isMounted(at)) {
        if (isAlive) return sourceOf(folder, note);
      }
      if (!isAlive || performance.now() > deadline) {
        const said = await words(folder, source);
        await takeOff(folder, 0);
        const why = isAlive ? `it was not there within ${SHOWN_WITHIN_MS / 1000} s` : "rclone ended";
        throw new MalachiteError("DataUnreachable", `The mount failed: ${why}${said && `: ${said}`}.`);
      }
      await pause(LOOK_MS, undefined, { signal });
    }
  }

  async function takeOff(
    folder: string,
    closeMs: number,
    signal?: AbortSignal,
  ): Promise<MountEnd | undefined> {
    const at = await placeOf(folder);
    if (at === undefined) return undefined;
    let note = await readNote(folder);
    const keep = async (end: MountEnd["end"]): Promise<void> => {
      if (note === undefined || note.end === end) return;
      note = { ...note, end };
      await writeNote(folder, note);
    };
    const holders = holdersOf(at, note);
    const isServed = () => holders.some(processes.isAlive);
    const wasMounted = await isMounted(at);
    if (note === undefined && !wasMounted && holders.length === 0) return undefined;
    const { fusermount = "fusermount3" } = await mountFacts(path);
    if (isServed()) {
      if (note?.end === undefined) await keep("leaving");
      await leave(at, fusermount, signal);
      await until(async () => !isServed(), closeMs, signal);
      if (isServed()) await keep("forced");
    } else if (note?.end === undefined && (note?.holder !== undefined || wasMounted)) await keep("died");
    await detach(at, fusermount);
    for (const name of ["SIGTERM", "SIGKILL"] as const) {
      if (!isServed()) break;
      for (const { pid } of holders.filter(processes.isAlive)) send(pid, name);
      await until(async () => !isServed(), END_MS);
    }
    // A process that was just coming up may have mounted meanwhile.
    await detach(at, fusermount);
    if (isServed() || (await isMounted(at)))
      throw new MalachiteError("EngineUnavailable", `The mount at ${at} cannot be taken away yet.`);
    return note?.end === undefined ? undefined : { end: note.end, words: await words(folder) };
  }

  /** Asks for the mount's end as a person would: its process sees all files closed, and ends. */
  async function leave(at: string, fusermount: string, signal: AbortSignal | undefined): Promise<void> {
    if (!(await isMounted(at))) return;
    // Files of programs that have ended are closed by messages that wait in line; this one is answered after those were read.
    await ask("stat", ["-f", "-c", "%i", at], { PATH: path }, TOOL_MS);
    await until(
      async () => {
        await ask(fusermount, ["-u", at], { PATH: path }, TOOL_MS);
        return !(await isMounted(at));
      },
      FREE_WITHIN_MS,
      signal,
    );
  }

  /** Out of sight at once, whoever still holds files of it. */
  async function detach(at: string, fusermount: string): Promise<void> {
    for (let layer = 0; layer < MOST_LAYERS && (await isMounted(at)); layer += 1)
      await ask(fusermount, ["-u", "-z", at], { PATH: path }, TOOL_MS);
  }

  return {
    async fault(inContainer) {
      const facts = await mountFacts(path);
      const hidden = inContainer ? hiddenOf(facts) : undefined;
      const missing = [...missingOf(facts), ...(hidden === undefined ? [] : [hidden])];
      return missing.length === 0 ? undefined : missing.join("; ");
    },
    async shown(folder) {
      const at = await placeOf(folder);
      const note = at === undefined ? undefined : await readNote(folder);
      if (at === undefined || note?.holder === undefined || note.end !== undefined) return undefined;
      return processes.isAlive(note.holder) && (await isMounted(at)) ? sourceOf(folder, note) : undefined;
    },
    show,
    takeOff,
  };
}

function sourceOf(folder: string, { file }: MountNote): DataSource {
  const source = join(folder, PLACES.at);
  return file === undefined ? { source, is: "folder" } : { source: join(source, file), file, is: "file" };
}

async function until(isSo: () => Promise<boolean>, withinMs: number, signal?: AbortSignal): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await isSo()) && performance.now() < deadline)
    await pause(LOOK_MS, undefined, signal === undefined ? {} : { signal });
}

/** The end of a file, from a whole line on. */
async function tailOf(path: string): Promise<string> {
  await using file = await open(path);
  const { size } = await file.stat();
  const from = Math.max(0, size - TAIL_BYTES);
  const { bytesRead, buffer } = await file.read(Buffer.alloc(TAIL_BYTES), 0, TAIL_BYTES, from);
  const text = buffer.subarray(0, bytesRead).toString("utf8");
  return from === 0 ? text : text.slice(text.indexOf("\n") + 1);
}

function send(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!hasCode(error, "ESRCH")) throw error;
  }
}
