// What an engine tells while it pulls or builds: one JSON object a line, thousands of them. Told on as lines for people: each step
// of each layer once, not each byte.
import { stripVTControlCharacters } from "node:util";
import { createLastWords } from "./lastWords.ts";
import type { Say } from "./sharedWork.ts";

/** The engine said that it failed; the message is in its words. */
export class EngineFailed extends Error {
  override readonly name = "EngineFailed";
}

type Told = {
  readonly status?: string;
  readonly id?: string;
  readonly stream?: string;
  readonly error?: string;
  readonly errorDetail?: { readonly message?: string };
};

/** Said of a layer over and over with other numbers. */
const REPEATED = /^(Downloading|Extracting|Waiting|Pulling fs layer|Verifying Checksum)$/;

/** Reads to the end. Throws EngineFailed, with the last lines of a build before the error. */
export async function followProgress(
  stream: NodeJS.ReadableStream,
  say: Say,
  signal: AbortSignal,
): Promise<void> {
  const told = new Map<string, string>();
  const words = createLastWords(say);
  const hear = (text: string): void => {
    for (const line of stripVTControlCharacters(text).split(/\r?\n/)) if (line.trim() !== "") words.add(line);
  };
  // Left early it is destroyed, and an error of its end has no other hearer.
  stream.on("error", () => {});
  for await (const line of linesOf(stream)) {
    const step = parse(line);
    if (step === undefined) continue;
    const error = step.errorDetail?.message ?? step.error;
    if (error !== undefined) {
      say(error);
      throw new EngineFailed(`${words.said()}\n${error}`.trim());
    }
    if (step.stream !== undefined) hear(step.stream);
    if (step.status === undefined) continue;
    const key = step.id ?? "";
    if (REPEATED.test(step.status) && told.get(key) === step.status) continue;
    told.set(key, step.status);
    say(step.id === undefined ? step.status : `${step.id}: ${step.status}`);
  }
  signal.throwIfAborted();
}

async function* linesOf(stream: NodeJS.ReadableStream): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk as Buffer, { stream: true })).split(/\r?\n/);
    rest = lines.pop() ?? "";
    yield* lines;
  }
  yield rest;
}

function parse(line: string): Told | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    // Not JSON: nothing that the engine means to tell.
    return undefined;
  }
}
