// A place in a log that may be written anew while it is followed: the offset, which file it was, and what lay before the offset.
import { Crc64 } from "../blob/crc64.ts";

/** So many bytes before an offset are compared to tell a file that has grown from one that was written anew. */
export const SEAM_BYTES = 1024;

export type LogPlace = {
  readonly offset: number;
  /** Absent for an offset alone: then nothing tells whether the log is still the same. */
  readonly of?: { readonly identity: string; readonly seam: string };
};

/** The last bytes before an offset, of those that are known and those that follow them. */
export function seamOf(before: Uint8Array, bytes: Uint8Array): Uint8Array {
  if (bytes.length >= SEAM_BYTES) return bytes.slice(bytes.length - SEAM_BYTES);
  const kept = before.subarray(Math.max(0, before.length + bytes.length - SEAM_BYTES));
  const seam = new Uint8Array(kept.length + bytes.length);
  seam.set(kept);
  seam.set(bytes, kept.length);
  return seam;
}

/** A sum that tells two seams apart, though not against somebody who means to deceive: a run may write into its log what it likes. */
export const seamSum = (seam: Uint8Array): string =>
  [...new Crc64().update(seam).digest()].map((byte) => byte.toString(16).padStart(2, "0")).join("");

export const printLogPlace = (offset: number, identity: string, seam: Uint8Array): string =>
  `${offset}~${identity}~${seamSum(seam)}`;

/** Undefined for what is neither a place nor an offset. */
export function parseLogPlace(text: string): LogPlace | undefined {
  const match = /^(\d{1,16})(?:~([\w.-]{1,64})~([0-9a-f]{16}))?$/.exec(text);
  const offset = Number(match?.[1]);
  if (!match || !Number.isSafeInteger(offset)) return undefined;
  const [, , identity, seam] = match;
  return { offset, ...(identity === undefined || seam === undefined ? {} : { of: { identity, seam } }) };
}
