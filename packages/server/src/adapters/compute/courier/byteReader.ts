// Lines and bytes of one stream, taken in turn.
import { MalachiteError } from "@malachite/core";

/** Holds one chunk of the stream, and a line. Throws InvalidRequest for a line that is too long, or has no end. */
export class ByteReader {
  readonly #stream: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array();

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.#stream = stream[Symbol.asyncIterator]();
  }

  /** Up to `most` bytes, at least one; undefined at the end. */
  async some(most: number): Promise<Uint8Array | undefined> {
    if (!(await this.#fill())) return undefined;
    const given = this.#chunk.subarray(0, most);
    this.#chunk = this.#chunk.subarray(given.byteLength);
    return given;
  }

  /** The line without its end; undefined at the end of the stream. */
  async line(most: number): Promise<string | undefined> {
    const parts: Uint8Array[] = [];
    let length = 0;
    while (await this.#fill()) {
      const end = this.#chunk.indexOf(0x0a);
      const part = end < 0 ? this.#chunk : this.#chunk.subarray(0, end);
      length += part.byteLength;
      if (length > most) throw badLine(`A line of it is longer than ${most} bytes.`);
      parts.push(part);
      this.#chunk = this.#chunk.subarray(part.byteLength + (end < 0 ? 0 : 1));
      if (end >= 0) return Buffer.concat(parts).toString("utf8");
    }
    if (length === 0) return undefined;
    throw badLine("It ends in a line.");
  }

  async #fill(): Promise<boolean> {
    while (this.#chunk.byteLength === 0) {
      const next = await this.#stream.next();
      if (next.done) return false;
      this.#chunk = next.value;
    }
    return true;
  }

  async close(): Promise<void> {
    await this.#stream.return?.();
  }
}

const badLine = (message: string): MalachiteError =>
  new MalachiteError("InvalidRequest", message, { target: "body" });
