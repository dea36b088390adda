// Makes the tree that clients of the content service read, of a snapshot that came another way. Runs in a worker: it reads
// every content, since the clients' hashes are of another kind.
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { compareCodePoints } from "@malachite/core";
import { hashedPath, type SnapshotLayout } from "../layout.ts";
import { type KeptNode, writeNodes } from "../nodesFile.ts";
import { readTree } from "../treeFile.ts";
import type { CancelFlag } from "./cancelled.ts";
import { clientHash } from "./keepClientTree.ts";

export type DescribeTreeAsk = {
  readonly layout: SnapshotLayout;
  readonly tree: string;
  readonly id: string;
  /** Where the tree is written to. */
  readonly path: string;
};

type Folder = Map<string, Folder | KeptNode>;

/** Durable when it resolves. Its nodes have no times: nobody has told any. */
export async function describeTree(
  { layout, tree, id, path }: DescribeTreeAsk,
  flag: CancelFlag,
): Promise<void> {
  const root: Folder = new Map();
  for await (const file of readTree(layout.trees, tree)) {
    const parts = file.path.split("/");
    const name = parts.pop() as string;
    let at = root;
    for (const part of parts) {
      const inner = at.get(part) ?? new Map();
      at.set(part, inner);
      at = inner as Folder;
    }
    const { hash } = clientHash(hashedPath(layout.contents, file.sha256), name, flag);
    const { sha256, sizeBytes } = file;
    at.set(name, { path: file.path, name, depth: parts.length + 1, folder: false, hash, sha256, sizeBytes });
  }
  const nodes: KeptNode[] = [];
  addFolder(root, "", "", 0, nodes);
  mkdirSync(dirname(path), { recursive: true });
  writeNodes(path, { version: 1, id, about: {} }, nodes);
}

/** Adds the folder and what is in it; answers its digest. */
function addFolder(folder: Folder, path: string, name: string, depth: number, nodes: KeptNode[]): Buffer {
  const at = nodes.length;
  const own = { path, name, depth, folder: true };
  nodes.push({ ...own, hash: "" });
  const digest = createHash("sha512");
  for (const [child, value] of [...folder].sort(([a], [b]) => compareCodePoints(a, b))) {
    if (value instanceof Map) {
      digest.update(addFolder(value, path === "" ? child : `${path}/${child}`, child, depth + 1, nodes));
    } else {
      nodes.push(value);
      digest.update(Buffer.from(value.hash, "hex"));
    }
  }
  const bytes = digest.digest();
  nodes[at] = { ...own, hash: bytes.toString("hex") };
  return bytes;
}
