// Logs in memory for tests: what is random about them, and what they are by the plainest of means.
import fc from "fast-check";
import { type LogSource, logSource } from "../source.ts";

/** A file of these bytes; pieces are as small as the test wants. */
export function memorySource(bytes: Buffer, pieceBytes = 7): LogSource {
  const slots = [Buffer.alloc(pieceBytes), Buffer.alloc(pieceBytes)];
  return logSource(bytes.length, pieceBytes, async (slot, from, to) => {
    const memory = slots[slot] as Buffer;
    // What was in the slot is gone, as it is when another piece comes into it.
    memory.fill(0xee);
    return memory.subarray(0, bytes.copy(memory, 0, from, to));
  });
}

export const noBeat = (): void => {};

/** Lines of a few letters, of other alphabets, of broken UTF-8 and of nothing; line ends of both kinds; with and without one at the end. */
export const anyLog: fc.Arbitrary<Buffer> = fc
  .tuple(
    fc.array(
      fc.tuple(
        fc.oneof(
          fc
            .string({ unit: fc.constantFrom("a", "b", "A", " ", "\r"), maxLength: 12 })
            .map((s) => Buffer.from(s)),
          fc
            .string({ unit: fc.constantFrom("a", "ä", "日", "\u{1f600}"), maxLength: 8 })
            .map((s) => Buffer.from(s)),
          fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes.filter((byte) => byte !== 10))),
          fc.constant(Buffer.from("ab".repeat(40))),
        ),
        fc.constantFrom("\n", "\r\n"),
      ),
      { maxLength: 30 },
    ),
    fc.boolean(),
  )
  .map(([lines, ended]) => {
    const parts = lines.flatMap(([line, end]) => [line, Buffer.from(end)]);
    return Buffer.concat(ended ? parts : parts.slice(0, -1));
  });

export type PlainLine = { readonly offset: number; readonly bytes: Buffer };

/** The lines without their ends, of which a carriage return is part. */
export function plainLines(bytes: Buffer): PlainLine[] {
  const lines: PlainLine[] = [];
  for (let at = 0; at < bytes.length; ) {
    const feed = bytes.indexOf(10, at);
    const end = feed < 0 ? bytes.length : feed;
    const cut = end > at && bytes[end - 1] === 13 ? end - 1 : end;
    lines.push({ offset: at, bytes: bytes.subarray(at, cut) });
    at = end + 1;
  }
  return lines;
}
