// Reads an archive from its beginning to its end, each part checked as it comes; bytes of an item that are not what they say make the
// reader of those bytes throw, before it has come to their end.
import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { MalachiteError } from "@malachite/core";
import { type Frame, FrameReader } from "./frames.ts";
import type { Counts, Head, Item } from "./items.ts";

export type Part =
  | { readonly is: "head"; readonly head: Head }
  | { readonly is: "rows"; readonly table: string; readonly rows: readonly unknown[] }
  /** The bytes are read before the next part is asked for. */
  | { readonly is: "item"; readonly item: Item; readonly bytes: AsyncIterable<Uint8Array> }
  | { readonly is: "end"; readonly counts: Counts; readonly hash: string };

const bad = (why: string): MalachiteError => new MalachiteError("BadExport", `The archive ${why}.`);

const parsed = (payload: Buffer, what: string): unknown => {
  try {
    return JSON.parse(payload.toString("utf8"));
  } catch (cause) {
    throw new MalachiteError("BadExport", `The archive has ${what} that is no JSON.`, { cause });
  }
};

/** Told how many bytes were read, now and then. */
export type Told = (bytes: number) => void;

/** Throws BadExport, and InvalidRequest where there is no such file. */
export async function* readArchive(file: string, told: Told = () => {}): AsyncGenerator<Part> {
  const handle = await open(file, "r").catch((cause: NodeJS.ErrnoException) => {
    throw new MalachiteError("InvalidRequest", `'${file}' cannot be read: ${cause.code ?? cause.message}.`, {
      cause,
    });
  });
  try {
    if (!(await handle.stat()).isFile())
      throw new MalachiteError("InvalidRequest", `'${file}' is no regular file: an archive is read twice.`);
    const frames = new FrameReader(handle);
    await frames.begin();
    const first = await frames.read();
    if (first.kind !== "H") throw bad("does not begin with its head");
    yield { is: "head", head: parsed(first.payload, "a head") as Head };
    let hadItems = false;
    for (;;) {
      const frame = await frames.read();
      told(frames.bytes);
      if (frame.kind === "R" && !hadItems) yield rowsOf(frame);
      else if (frame.kind === "B") {
        hadItems = true;
        yield* itemOf(frame, frames);
      } else if (frame.kind === "Z") {
        if (!(await frames.isAtEnd())) throw bad("goes on behind its end");
        yield { is: "end", counts: parsed(frame.payload, "an end") as Counts, hash: frames.hash };
        return;
      } else throw bad(`has a part '${frame.kind}' where none can be`);
    }
  } finally {
    await handle.close();
  }
}

function rowsOf({ payload }: Frame): Part {
  const value = parsed(payload, "rows");
  if (!Array.isArray(value) || typeof value[0] !== "string") throw bad("has rows of no table");
  const [table, ...rows] = value as [string, ...unknown[]];
  return { is: "rows", table, rows };
}

async function* itemOf(frame: Frame, frames: FrameReader): AsyncGenerator<Part> {
  const item = parsed(frame.payload, "an item");
  if (typeof item !== "object" || item === null) throw bad("has an item that says nothing");
  const bytes = bytesOf(item as Item, frames);
  yield { is: "item", item: item as Item, bytes };
  // What nobody has read is read over.
  for await (const _ of bytes);
}

async function* bytesOf(item: Item, frames: FrameReader): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  let sizeBytes = 0;
  for (;;) {
    const { kind, payload } = await frames.read();
    if (kind === "D") {
      hash.update(payload);
      sizeBytes += payload.length;
      if ("sizeBytes" in item && sizeBytes > item.sizeBytes) throw lying(item);
      yield payload;
      continue;
    }
    if (kind !== "E") throw bad(`has a part '${kind}' in the middle of an item`);
    const end = parsed(payload, "an end of an item") as { sha256?: unknown; sizeBytes?: unknown };
    const found = hash.digest("hex");
    if (end.sizeBytes !== sizeBytes || end.sha256 !== found) throw lying(item);
    if ("sizeBytes" in item && item.sizeBytes !== sizeBytes) throw lying(item);
    if (item.is === "content" && item.sha256 !== found) throw lying(item);
    return;
  }
}

const lying = (item: Item): MalachiteError => {
  const what =
    item.is === "file" ? `the file ${JSON.stringify(String(item.path).slice(0, 300))}` : `a ${item.is}`;
  return bad(`has bytes of ${what} that are not what it says of them`);
};
