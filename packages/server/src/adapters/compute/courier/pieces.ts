// Reads what a courier sends: pieces of files one after the other, each a JSON line that says what it is, then its bytes. Everything in
// it is what a hostile program may have written.
import { MalachiteError } from "@malachite/core";
import { ByteReader } from "./byteReader.ts";

/** What a piece is. `anew`: it begins the file anew, in place of whatever is there. `gone`: the run has removed the file. */
export type PieceHead = {
  readonly path: string;
  readonly from: number;
  readonly bytes: number;
  readonly anew: boolean;
  readonly gone: boolean;
};

/** A head holds a path of 4,096 bytes, each of which JSON may write as six. */
const HEAD_BYTES = 32 * 1024;
/** Larger ones say nothing that several could not. */
export const PIECE_BYTES = 64 * 1024 * 1024;
/** The answer names each of them. */
export const MOST_PIECES = 5_000;

export type Piece = { readonly head: PieceHead; readonly bytes: AsyncIterable<Uint8Array> };

/** Yields each piece; its bytes are to be read, or they are passed over. Throws InvalidRequest, also for a stream that ends in a piece. */
export async function* readPieces(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Piece> {
  const reader = new ByteReader(stream);
  try {
    for (let count = 1; ; count += 1) {
      const line = await reader.line(HEAD_BYTES);
      if (line === undefined) return;
      if (count > MOST_PIECES) throw refused(`A request holds at most ${MOST_PIECES} pieces.`);
      const head = readHead(line);
      let left = head.bytes;
      const bytes = async function* (): AsyncGenerator<Uint8Array> {
        while (left > 0) {
          const chunk = await reader.some(left);
          if (chunk === undefined) throw refused(`The request ends ${left} bytes before a piece does.`);
          left -= chunk.byteLength;
          yield chunk;
        }
      };
      yield { head, bytes: { [Symbol.asyncIterator]: bytes } };
      for await (const _ of bytes()) {
        // What nobody wanted.
      }
    }
  } finally {
    await reader.close();
  }
}

function readHead(line: string): PieceHead {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw refused("A piece begins with a line of JSON.", cause);
  }
  const { path, from = 0, bytes = 0, anew = false, gone = false } = (value ?? {}) as Record<string, unknown>;
  if (typeof path !== "string") throw refused("A piece needs a path.");
  if (!isSize(from)) throw refused("`from` is the byte of the file at which a piece begins.");
  if (!isSize(bytes) || bytes > PIECE_BYTES) throw refused(`A piece has 0 to ${PIECE_BYTES} bytes.`);
  if (!Number.isSafeInteger(from + bytes)) throw refused("No file is so large.");
  if (typeof anew !== "boolean" || typeof gone !== "boolean")
    throw refused("`anew` and `gone` are true or false.");
  if (anew && from !== 0) throw refused("A piece that begins a file anew begins at its first byte.");
  if (gone && (bytes !== 0 || anew)) throw refused("Of a file that is gone there are no bytes.");
  return { path, from, bytes, anew, gone };
}

const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

const refused = (message: string, cause?: unknown): MalachiteError =>
  new MalachiteError("InvalidRequest", message, {
    target: "body",
    ...(cause === undefined ? {} : { cause }),
  });
