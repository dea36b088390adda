// What a client told of a snapshot, as a file: a head, then one line a node of its tree, so that neither reading nor giving it
// back holds a whole tree.
import { randomUUID } from "node:crypto";
import { dirname } from "node:path";
import { type ClientNode, MalachiteError, type SnapshotAbout } from "@malachite/core";
import { syncFolderNow } from "./syncFolder.ts";
import { batches, linesOf, writeLines } from "./treeFile.ts";

/** A node, and of a file whose bytes are known: which content it is. */
export type KeptNode = ClientNode & { readonly sha256?: string; readonly sizeBytes?: number };

export type NodesHead = {
  readonly version: 1;
  readonly id: string;
  readonly about: SnapshotAbout;
  /** When it was made, as far as it is known. */
  readonly at?: number;
};

/** Tags and properties stand in the head's line. */
const LONGEST_LINE_BYTES = 16 * 1024 * 1024;

type Line = readonly [
  depth: number,
  name: string,
  kind: "d" | "f",
  hash: string,
  timestamp: string | null,
  sha256?: string,
  sizeBytes?: number,
];

/** Writes the file durably and whole. Blocks: for a worker. Throws the system's error. */
export function writeNodes(path: string, head: NodesHead, nodes: Iterable<KeptNode>): void {
  writeLines(
    path,
    `${path}.${randomUUID()}.tmp`,
    `${JSON.stringify(head)}\n`,
    batches(nodes, (node) => `${JSON.stringify(lineOf(node))}\n`),
  );
  syncFolderNow(dirname(path));
}

/** The head, then the nodes in order; nothing when there is no such file. Throws StorageFailed for a damaged one. */
export async function* readNodes(path: string): AsyncGenerator<NodesHead | KeptNode> {
  const damaged = () =>
    new MalachiteError(
      "StorageFailed",
      `The tree of a snapshot (${path}) is damaged. Send the project again.`,
    );
  let began = false;
  const folders: string[] = [];
  for await (const line of linesOf(path, damaged, LONGEST_LINE_BYTES)) {
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      throw damaged(); // Whatever it is, nobody has written it.
    }
    if (!began) {
      began = true;
      yield value as NodesHead;
      continue;
    }
    const [depth, name, kind, hash, timestamp, sha256, sizeBytes] = value as Line;
    const parent = depth < 2 ? "" : `${folders[depth - 1]}/`;
    const path = `${parent}${name}`;
    folders[depth] = path;
    yield {
      path,
      name,
      depth,
      folder: kind === "d",
      hash,
      ...(timestamp === null ? {} : { timestamp }),
      ...(sha256 === undefined ? {} : { sha256, sizeBytes }),
    };
  }
}

export const isHead = (line: NodesHead | KeptNode): line is NodesHead => "version" in line;

function lineOf({ depth, name, folder, hash, timestamp, sha256, sizeBytes }: KeptNode): Line {
  const kind = folder ? "d" : "f";
  return sha256 === undefined
    ? [depth, name, kind, hash, timestamp ?? null]
    : [depth, name, kind, hash, timestamp ?? null, sha256, sizeBytes];
}

/** The file as the JSON that clients read: the nodes one inside the other, children by name. */
export async function* metadataJson(lines: AsyncIterable<NodesHead | KeptNode>): AsyncGenerator<Uint8Array> {
  let text = "";
  let depth = -1;
  for await (const line of lines) {
    if (isHead(line)) {
      const { parentId = null, tags = null, properties = null } = line.about;
      const createdTime = line.at === undefined ? null : new Date(line.at).toISOString();
      const head = { id: line.id, parentId, createdTime, tags, properties };
      text += `${JSON.stringify(head).slice(0, -1)},"root":`;
      continue;
    }
    const { name, folder, hash, timestamp = null } = line;
    if (line.depth <= depth) text += `${"}}".repeat(depth - line.depth + 1)},`;
    if (line.depth > 0) text += `${JSON.stringify(name)}:`;
    const shown = { name, type: folder ? "Directory" : "File", timestamp, hash };
    text += `${JSON.stringify(shown).slice(0, -1)},"children":{`;
    depth = line.depth;
    if (text.length < 64 * 1024) continue;
    yield Buffer.from(text);
    text = "";
  }
  if (depth < 0) text += "{}";
  yield Buffer.from(`${text}${"}}".repeat(depth + 1)}}`);
}
