// The real curl, as people type it: one call, its status, headers and bytes. Not for load; each call is a process.
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** As the documentation writes it, without a blank after the colon. */
export const TOKEN = ["-H", "Authorization:Bearer dev"] as const;

export type Answer = {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
  /** The body as JSON; throws with the text of one that is not. */
  json<T = Record<string, unknown>>(): T;
};

/** Runs curl with these arguments. Throws what curl says when it got no answer; every HTTP status is an answer. */
export async function curl(...args: readonly string[]): Promise<Answer> {
  const folder = mkdtempSync(join(tmpdir(), "malachite-curl-"));
  try {
    const [head, file] = [join(folder, "head"), join(folder, "body")];
    const all = ["-sS", "--globoff", "--max-time", "120", "-D", head, "-o", file, ...args];
    await new Promise<void>((resolve, reject) => {
      execFile("curl", all, { timeout: 130_000 }, (error, _stdout, stderr) =>
        error ? reject(new Error(`curl ${args.join(" ")}: ${stderr || error.message}`)) : resolve(),
      );
    });
    return answerOf(readFileSync(head, "latin1"), readOrNothing(file));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** curl makes no file for an answer without a body. */
function readOrNothing(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch {
    return Buffer.alloc(0);
  }
}

function answerOf(head: string, body: Buffer): Answer {
  // An interim answer (100 Continue) has a block of its own before the last one.
  const block =
    head
      .trimEnd()
      .split(/\r?\n\r?\n/)
      .at(-1) ?? "";
  const [first = "", ...lines] = block.split(/\r?\n/);
  const status = Number(/^HTTP\/[\d.]+ (\d{3})/.exec(first)?.[1]);
  const headers = new Headers(lines.map((line) => split(line)));
  const json = <T>(): T => {
    try {
      return JSON.parse(body.toString()) as T;
    } catch (cause) {
      throw new Error(`${status} is no JSON: ${body.toString().slice(0, 500)}`, { cause });
    }
  };
  return { status, headers, body, json };
}

function split(line: string): [string, string] {
  const at = line.indexOf(":");
  return [line.slice(0, at), line.slice(at + 1).trim()];
}
