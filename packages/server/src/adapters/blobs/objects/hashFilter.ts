// A set of texts that forgets none and takes a few others for its own: any number of them costs the same memory.
import { hash, randomUUID } from "node:crypto";

/** So many bits are set for each text. */
const HASHES = 4;

/** Takes other texts for its own each time one is made. */
export class HashFilter {
  readonly #bits: Uint32Array;
  readonly #shift: number;
  readonly #salt = randomUUID();

  /** Of 2 to the power of `size` bits, at least 32 and at most 2^32. With a tenth of it in texts, one of a hundred others is taken for one. */
  constructor(size: number) {
    this.#bits = new Uint32Array(2 ** (size - 5));
    this.#shift = 32 - size;
  }

  add(text: string): void {
    for (const at of this.#places(text))
      this.#bits[at >>> 5] = (this.#bits[at >>> 5] ?? 0) | (1 << (at & 31));
  }

  has(text: string): boolean {
    return this.#places(text).every((at) => ((this.#bits[at >>> 5] ?? 0) & (1 << (at & 31))) !== 0);
  }

  #places(text: string): number[] {
    const digest = hash("sha256", this.#salt + text, "buffer");
    return Array.from({ length: HASHES }, (_, i) => digest.readUInt32LE(4 * i) >>> this.#shift);
  }
}
