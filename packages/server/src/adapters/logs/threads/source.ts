// A file as the tasks of a thread see it: pieces in order, the next one always on its way.
import { setImmediate as nextTurn } from "node:timers/promises";

/** The file has fewer bytes than it had when the task began. */
export class CutError extends Error {
  override readonly name = "CutError";
}

export type LogSource = {
  /** Its size when the task began; what is written behind that is not seen. */
  readonly sizeBytes: number;
  /** The bytes from `from` to the end, or up to `to`. A piece is good until the next is asked for. Throws CutError. */
  pieces(from: number, to?: number): AsyncGenerator<Buffer>;
};

/** Where a task stands. Called often: it is how the service sees that a task gets on, and how a task hears that it is not wanted. */
export type Beat = (line?: number) => void;

/** `read` fills one of two slots with the bytes and answers them; fewer than asked for at the end of the file. */
export function logSource(
  sizeBytes: number,
  pieceBytes: number,
  read: (slot: 0 | 1, from: number, to: number) => Promise<Buffer>,
): LogSource {
  return {
    sizeBytes,
    async *pieces(from, to = sizeBytes) {
      let slot: 0 | 1 = 0;
      const ask = (at: number): Promise<Buffer> => {
        slot = slot === 0 ? 1 : 0;
        const asked = read(slot, at, Math.min(to, at + pieceBytes));
        // Told when it is awaited, if it ever is.
        asked.catch(() => {});
        return asked;
      };
      let coming = from < to ? ask(from) : undefined;
      let at = from;
      try {
        while (coming !== undefined) {
          const piece = await coming;
          if (piece.length === 0) throw new CutError(`The file has ended at byte ${at}.`);
          at += piece.length;
          coming = at < to ? ask(at) : undefined;
          yield piece;
        }
      } finally {
        // Nobody may fill a slot that another walk over the file uses by then.
        await coming?.catch(() => nextTurn());
      }
    },
  };
}
