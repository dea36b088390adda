// Sends large content in parts: a few at once, and so many bytes in memory for all uploads of the process together.
import { createHash } from "node:crypto";
import type { Content } from "./objects.ts";

/** Up to here content is sent at once; above, in parts of this size, or larger where so many parts would not do. */
export const PART_BYTES = 8 * 1024 * 1024;
const PARTS_AT_ONCE = 4;
/** Of parts that are in memory at once, whoever sends them. */
const MEMORY_BYTES = 64 * 1024 * 1024;

/** A budget that is waited for, in order of asking. What is larger than all of it gets it alone. */
class Budget {
  #free: number;
  readonly #waiting: { readonly bytes: number; readonly go: () => void }[] = [];

  constructor(bytes: number) {
    this.#free = bytes;
  }

  async take(bytes: number): Promise<() => void> {
    const share = Math.min(bytes, MEMORY_BYTES);
    if (this.#waiting.length > 0 || this.#free < share)
      await new Promise<void>((go) => this.#waiting.push({ bytes: share, go }));
    else this.#free -= share;
    return () => {
      this.#free += share;
      for (
        let next = this.#waiting[0];
        next !== undefined && this.#free >= next.bytes;
        next = this.#waiting[0]
      ) {
        this.#waiting.shift();
        this.#free -= next.bytes;
        next.go();
      }
    };
  }
}

const budget = new Budget(MEMORY_BYTES);

/**
 * Reads part after part, each once, and has `send` send a few at a time; answers what it answered, in order, and the MD5 of all. At
 * most `most` parts. Ends with the first failure, when none is under way any more.
 */
export async function sendParts<T>(
  { sizeBytes, read }: Content,
  most: number,
  send: (part: { readonly index: number; readonly bytes: Uint8Array; readonly md5: Buffer }) => Promise<T>,
  signal?: AbortSignal,
): Promise<{ readonly sent: readonly T[]; readonly md5: Buffer }> {
  const size = Math.max(PART_BYTES, Math.ceil(sizeBytes / most));
  const whole = createHash("md5");
  const sent: T[] = [];
  const underWay = new Set<Promise<void>>();
  let failed: { readonly error: unknown } | undefined;
  const sendOne = async (index: number, bytes: Uint8Array, release: () => void): Promise<void> => {
    try {
      sent[index] = await send({ index, bytes, md5: createHash("md5").update(bytes).digest() });
    } catch (error) {
      failed ??= { error };
    } finally {
      release();
    }
  };
  try {
    for (let from = 0, index = 0; from < sizeBytes && failed === undefined; from += size, index += 1) {
      signal?.throwIfAborted();
      const to = Math.min(from + size, sizeBytes);
      const release = await budget.take(to - from);
      let bytes: Uint8Array;
      try {
        bytes = await read(from, to);
      } catch (error) {
        release();
        throw error;
      }
      whole.update(bytes);
      const one = sendOne(index, bytes, release);
      underWay.add(one);
      void one.finally(() => underWay.delete(one));
      if (underWay.size >= PARTS_AT_ONCE) await Promise.race(underWay);
    }
  } finally {
    await Promise.all(underWay);
  }
  if (failed !== undefined) throw failed.error;
  return { sent, md5: whole.digest() };
}
