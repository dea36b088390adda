// What passes between the service and a thread that reads logs. A file of this machine the thread reads by its descriptor; pieces of
// others it asks for, and they come in memory that both share, so that no piece is copied twice and none is left behind.

/** Pieces are of this size, and so many may be under way: two of each of two files. */
export const PIECE_BYTES = 256 * 1024;
export const SLOTS = 4;

/** Numbers that both threads see, by their place. */
export const CONTROL = { cancelled: 0, beats: 1, line: 2, reading: 3 } as const;
export const CONTROL_NUMBERS = 4;
export type Shared = { readonly control: Int32Array<SharedArrayBuffer>; readonly slots: SharedArrayBuffer };

export type SentFile = { readonly sizeBytes: number; readonly descriptor?: number | undefined };

export type ToThread =
  | {
      readonly kind: "start";
      readonly task: string;
      readonly ask: unknown;
      readonly files: readonly SentFile[];
    }
  | { readonly kind: "piece"; readonly id: number; readonly bytes: number }
  | { readonly kind: "noPiece"; readonly id: number };

export type FromThread =
  | {
      readonly kind: "want";
      readonly id: number;
      readonly file: number;
      readonly slot: number;
      readonly from: number;
      readonly to: number;
    }
  | { readonly kind: "done"; readonly answer: unknown }
  /** `cut`: the file is shorter than it was. `pattern`: the expression is broken. */
  | { readonly kind: "failed"; readonly why: "cancelled" | "cut" | "pattern" | "bug"; readonly text: string };
