// The lines of a file from its end to its beginning, in constant memory. Lines are bounded by who wrote them.
import { open } from "node:fs/promises";
import { MalachiteError } from "@malachite/core";

export type LineBack = {
  readonly line: string;
  /** Where it begins. */
  readonly offset: number;
  /** False for one at the end of the file that nothing ends. */
  readonly ended: boolean;
};

const PIECE = 64 * 1024;
const NEWLINE = 0x0a;

/** What is added meanwhile is not told. A missing file has no lines. */
export async function* readBack(file: string, end: number | undefined): AsyncGenerator<LineBack> {
  const handle = await open(file, "r").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (handle === undefined) return;
  try {
    let at = Math.min(end ?? Number.MAX_SAFE_INTEGER, (await handle.stat()).size);
    let rest: Buffer = Buffer.alloc(0);
    let ended = false;
    while (at > 0) {
      const size = Math.min(PIECE, at);
      at -= size;
      const piece = Buffer.alloc(size);
      await handle.read(piece, 0, size, at);
      rest = Buffer.concat([piece, rest]);
      for (let cut = rest.lastIndexOf(NEWLINE); cut >= 0; cut = rest.lastIndexOf(NEWLINE)) {
        const line = rest.subarray(cut + 1).toString();
        if (line !== "") yield { line, offset: at + cut + 1, ended };
        ended = true;
        rest = rest.subarray(0, cut);
      }
    }
    if (rest.length > 0) yield { line: rest.toString(), offset: 0, ended };
  } finally {
    await handle.close();
  }
}

type Place = { readonly name: string; readonly offset: number };

export const printPlace = ({ name, offset }: Place): string =>
  Buffer.from(`${name} ${offset}`).toString("base64url");

/** Throws BadContinuationToken. */
export function parsePlace(text: string | undefined): Place | undefined {
  if (text === undefined) return undefined;
  const [, name, offset] =
    /^(audit-\d{12}\.jsonl) (\d{1,15})$/.exec(Buffer.from(text, "base64url").toString()) ?? [];
  if (name !== undefined && offset !== undefined) return { name, offset: Number(offset) };
  throw new MalachiteError("BadContinuationToken", "'after' is no `next` of an earlier page.", {
    target: "after",
  });
}
