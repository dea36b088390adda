// Lets a POSIX shell read the setup file of a target, and tells which variables it sets. The file is the operator's.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { MalachiteError } from "@malachite/core";

/** A file that loads modules of a large site may take its time. */
const WITHIN_MS = 120_000;
/** Those of one that has failed. */
const LAST_WORDS_MS = 500;
const LONGEST_OUTPUT = 4 * 1024 * 1024;
const LONGEST_WORDS = 1000;
/** Its name is an argument, and never part of what the shell reads. A function has no arguments, which some such files would read. */
const SCRIPT =
  'mal_file=$1; mal_read() { . "$mal_file" >&2; }; shift; mal_read || exit; exec /usr/bin/env -0';
/** What a shell changes by itself. */
const OF_SHELL = new Set(["PWD", "OLDPWD", "SHLVL", "_", "IFS", "PS1", "PS2", "PS4", "PPID", "OPTIND"]);

/** Throws EnvironmentFailed with its last words. All that it has started in its group ends with it. */
export async function readSetup(
  file: string,
  before: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string>>> {
  const child = spawn("/bin/sh", ["-c", SCRIPT, "sh", file], {
    env: before,
    cwd: "/",
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const said: Buffer[] = [];
  let bytes = 0;
  let words = "";
  child.stdout.on("data", (block: Buffer) => {
    bytes += block.length;
    if (bytes <= LONGEST_OUTPUT) said.push(block);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    words = (words + text).slice(-LONGEST_WORDS);
  });
  const end = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    } catch {
      // All of it has ended.
    }
  };
  const late = setTimeout(end, WITHIN_MS);
  try {
    const began = performance.now();
    const code = await new Promise<number | string>((resolve) => {
      child.once("error", (error) => resolve(error.message));
      // What it leaves in the background may hold its stderr for ever, so its own end counts.
      child.once("exit", (status, by) => resolve(status ?? by ?? "no exit code"));
    });
    if (performance.now() - began >= WITHIN_MS)
      throw failed(file, `did not end within ${WITHIN_MS / 1000} s`);
    // What it has said may still be on its way.
    const [stream, longest] = code === 0 ? [child.stdout, WITHIN_MS] : [child.stderr, LAST_WORDS_MS];
    const heard = new AbortController();
    if (!stream.readableEnded && !stream.destroyed)
      await Promise.race([
        once(stream, "close", { signal: heard.signal }).catch(() => {}),
        pause(longest, undefined, { signal: heard.signal }).catch(() => {}),
      ]).finally(() => heard.abort());
    if (code !== 0) throw failed(file, `failed: ${lastLine(words) || `it ended with ${code}`}`);
  } finally {
    clearTimeout(late);
    end();
    child.stdout.destroy();
    child.stderr.destroy();
  }
  const after = Buffer.concat(said).toString("utf8").split("\0");
  return Object.fromEntries(
    after.flatMap((pair) => {
      const [name = "", value] = [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)];
      const own = name === "" || OF_SHELL.has(name) || name.startsWith("MALACHITE_");
      return own || before[name] === value ? [] : [[name, value]];
    }),
  );
}

const failed = (file: string, why: string): MalachiteError =>
  new MalachiteError("EnvironmentFailed", `The setup file ${file} ${why.replace(/\.$/, "")}.`);

const lastLine = (text: string): string => text.trim().split("\n").at(-1)?.trim() ?? "";
