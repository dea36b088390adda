// Runs one tool of a build: in a process group of its own, what it says line by line, and nothing of it left when it is over.
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";

/** Each process of a build bears it, with the folder of the build as its value. */
const MARK = "MALACHITE_BUILD";
/** So much of what a tool said goes into an error. */
const LAST_LINES = 25;
const LAST_LETTERS = 4000;
/** A lock of thousands of packages has some MB. */
const LONGEST_OUTPUT = 64 * 1024 * 1024;
/** A process that is forked while all are read is missed: so many looks in a row must find none. */
const EMPTY_LOOKS = 3;

export type ToolRun = {
  readonly argv: readonly string[];
  /** The working folder. */
  readonly at: string;
  /** The folder of the build, by which all its processes are found. */
  readonly mark: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Hears each line; those of stdout too, unless `quiet`. */
  readonly say: (line: string) => void;
  readonly quiet?: boolean;
};

/** A tool that ended with anything but 0; the message is its own last words. */
export class ToolFailed extends Error {
  override readonly name = "ToolFailed";
  readonly code: number | string;

  constructor(code: number | string, lastWords: string) {
    super(lastWords);
    this.code = code;
  }
}

/** What it wrote to stdout. Throws ToolFailed, or the signal's reason once the whole tree has ended. */
export async function runTool(tool: ToolRun, signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  const [program = "", ...args] = tool.argv;
  const child = spawn(program, args, {
    cwd: tool.at,
    env: { ...tool.environment, [MARK]: tool.mark },
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
  });
  const ended = new Promise<number | string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code, by) => resolve(code ?? by ?? "no exit code"));
  });
  // What has its stdin closed early needs no answer.
  child.stdin.on("error", () => {});
  child.stdin.end(tool.input ?? "");
  const last: string[] = [];
  let output = "";
  const hear = (stream: Readable, keep: boolean): Promise<void> =>
    eachLine(stream, (line) => {
      if (keep && output.length < LONGEST_OUTPUT) output += `${line}\n`;
      if (keep && tool.quiet) return;
      last.push(line);
      if (last.length > LAST_LINES) last.shift();
      tool.say(line);
    });
  const heard = Promise.all([hear(child.stdout, true), hear(child.stderr, false)]);
  const kill = (): void => endGroup(child.pid);
  signal.addEventListener("abort", kill, { once: true });
  try {
    const code = await ended;
    await heard;
    signal.throwIfAborted();
    if (code !== 0) throw new ToolFailed(code, lastWords(last) || `${program} ended with ${code}.`);
    return output;
  } finally {
    signal.removeEventListener("abort", kill);
    kill();
    if (signal.aborted) await endMarked(tool.mark);
  }
}

async function eachLine(stream: Readable, each: (line: string) => void): Promise<void> {
  for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }))
    each(line);
}

const lastWords = (lines: readonly string[]): string => lines.join("\n").trim().slice(-LAST_LETTERS);

function endGroup(leader: number | undefined): void {
  if (leader === undefined) return;
  send(-leader);
}

/**
 * Ends what is left of a build, wherever it has gone: a killed service leaves its tools at work, and a build step may begin a
 * session of its own. Where there is no /proc, only groups are ended.
 */
export async function endMarked(mark: string): Promise<void> {
  for (let empty = 0; empty < EMPTY_LOOKS; ) {
    const found = marked(mark);
    for (const pid of found) send(pid);
    empty = found.length === 0 ? empty + 1 : 0;
    if (empty < EMPTY_LOOKS) await pause(found.length === 0 ? 2 : 10);
  }
}

function marked(mark: string): number[] {
  const entry = Buffer.from(`${MARK}=${mark}`);
  try {
    return readdirSync("/proc").flatMap((name) => {
      if (!/^\d+$/.test(name)) return [];
      try {
        if (/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${name}/stat`, "latin1"))) return [];
        const environ = readFileSync(`/proc/${name}/environ`);
        for (let at = environ.indexOf(entry); at >= 0; at = environ.indexOf(entry, at + 1)) {
          const after = environ[at + entry.length];
          // The folder of the build itself, or one in it: marks of tools that are made for all builds.
          if ((at === 0 || environ[at - 1] === 0) && (after === 0 || after === 47)) return [Number(name)];
        }
        return [];
      } catch {
        // It ended, or is another user's and so not ours.
        return [];
      }
    });
  } catch {
    // No /proc here.
    return [];
  }
}

function send(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself, or its group has.
  }
}
