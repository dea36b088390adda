// One event of a followed log, checked against the offset the reader has reached.
import type { LogChunk } from "./followLog.ts";
import type { ServerEvent } from "./sse.ts";

export type LogEvent =
  | { readonly kind: "log"; readonly chunk: LogChunk }
  /** What comes next is of another file, from byte 0 on. */
  | { readonly kind: "restart" }
  | { readonly kind: "status"; readonly status: string }
  | { readonly kind: "end"; readonly status: string; readonly to: number }
  | { readonly kind: "other" };

/** Bytes are missing between what was read and what the server sent. */
export class LogGapError extends Error {
  override readonly name = "LogGapError";
  constructor(at: number, from: number) {
    super(`The log has a gap: bytes ${at} to ${from} were not sent.`);
  }
}

/** Reads an event. Bytes before `at` have been seen and are cut off. Throws LogGapError, or an Error for a broken event. */
export function readLogEvent({ event, data }: ServerEvent, at: number): LogEvent {
  if (event === "restart") return { kind: "restart" };
  if (event !== "log" && event !== "status" && event !== "end") return { kind: "other" };
  const value = parse(data);
  if (event === "status") return { kind: "status", status: String(value.status) };
  if (event === "end") return { kind: "end", status: String(value.status), to: Number(value.to ?? at) };
  const { from, to } = value;
  const bytes = bytesOf(value);
  if (
    typeof from !== "number" ||
    typeof to !== "number" ||
    bytes === undefined ||
    to - from !== bytes.byteLength
  ) {
    throw new Error(
      `The server sent a piece of the log whose offsets do not fit its content (${from} to ${to}).`,
    );
  }
  if (from > at) throw new LogGapError(at, from);
  if (to <= at) return { kind: "log", chunk: { from: at, to: at, bytes: new Uint8Array() } };
  return { kind: "log", chunk: { from: at, to, bytes: bytes.subarray(at - from) } };
}

function parse(data: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch (cause) {
    throw new Error("The server sent an event that is not JSON.", { cause });
  }
  if (typeof value !== "object" || value === null)
    throw new Error("The server sent an event that is no object.");
  return value as Record<string, unknown>;
}

export function bytesOf({ text, base64 }: Record<string, unknown>): Uint8Array | undefined {
  if (typeof text === "string") return new TextEncoder().encode(text);
  if (typeof base64 !== "string") return undefined;
  const binary = atob(base64);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i += 1) bytes[i] = binary.charCodeAt(i);
  return bytes;
}
