// Keeps a snapshot as its client describes it: every hash checked, contents moved in, what was told kept. Runs in a worker.
//
// What is sent is moved into the store before the snapshot is known; should the process die in between, the client asks again
// with files that are no longer where it sent them. So what they are is written first, to a file beside the snapshot's own.
import { createHash } from "node:crypto";
import { closeSync, lstatSync, mkdirSync, openSync, readSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import type { malachite } from "@malachite/contract";
import {
  type ClientNode,
  MalachiteError,
  propertyOf,
  readClientTree,
  type SentFile,
  type Snapshot,
  type TreeUpload,
} from "@malachite/core";
import { shown } from "../../../../files/index.ts";
import { hashedPath, type SnapshotLayout } from "../layout.ts";
import { isHead, type KeptNode, type NodesHead, readNodes, writeNodes } from "../nodesFile.ts";
import { syncFolderNow } from "../syncFolder.ts";
import { readTree } from "../treeFile.ts";
import type { ArchiveLimits } from "../zip/archiveLimits.ts";
import { type CancelFlag, stopIfCancelled } from "./cancelled.ts";
import { storeTree } from "./keepTree.ts";
import { readJsonFile } from "./readTreeBody.ts";
import { Staging } from "./staging.ts";

export type KeepClientTreeAsk = {
  readonly layout: SnapshotLayout;
  readonly limits: ArchiveLimits;
  /** The folder of the workspace's snapshots. */
  readonly folder: string;
  readonly upload: TreeUpload;
  /** The tree of the parent, when it is a snapshot of which no client's tree is kept. */
  readonly parentTree?: string;
  /** The tree that has this id already. */
  readonly existing?: string;
};

const PIECE_BYTES = 1024 * 1024;

/** Where what a client told of a snapshot is kept, and what is known of one that is not whole yet. */
export const nodesPath = (folder: string, id: string): string => join(folder, `${id}.nodes`);
export const partPath = (folder: string, id: string): string => join(folder, `${id}.part`);

/** The snapshot; undefined when it is a part and files of it are still to come. Its entry is for the caller to write. */
export async function keepClientTree(
  ask: KeepClientTreeAsk,
  flag: CancelFlag,
): Promise<Snapshot | undefined> {
  try {
    return await kept(ask, flag);
  } finally {
    for (const { file } of ask.upload.files) rmSync(file, { force: true });
  }
}

async function kept(ask: KeepClientTreeAsk, flag: CancelFlag): Promise<Snapshot | undefined> {
  const { layout, limits, folder, upload } = ask;
  const nodes = readClientTree(treeOf(readJsonFile(upload.tree)), limits);
  checkFolders(nodes);
  if (ask.existing !== undefined) return await sameAs(nodes, ask, ask.existing);
  checkParent(ask);

  const wanted = new Map(nodes.filter((node) => !node.folder).map((node) => [node.path, node]));
  const known = new Map<string, KeptNode>();
  if (mkdirSync(folder, { recursive: true }) !== undefined) syncFolderNow(dirname(folder));
  const staging = new Staging(layout);
  try {
    const sent = new Map<string, KeptNode & { readonly from: string }>();
    for (const file of upload.files) {
      stopIfCancelled(flag);
      const node = nodeFor(file, wanted);
      if (sent.has(node.path)) throw mismatch(node.path, "it was sent twice.");
      sent.set(node.path, { ...checkSent(file, node, flag), from: file.file });
    }
    for (const [path, { from: _from, ...node }] of sent) known.set(path, node);
    await findKnown(ask, wanted, known, flag);
    const missing = [...wanted.keys()].filter((path) => !known.has(path));
    if (missing.length > 0 && !upload.partial) throw incomplete(missing, upload);

    const head: NodesHead = { version: 1, id: upload.id, about: upload.about, at: upload.at };
    const described = nodes.map((node) => known.get(node.path) ?? node);
    writeNodes(partPath(folder, upload.id), head, described);
    for (const { from, sha256, sizeBytes } of sent.values())
      await staging.adopt(from, sha256 as string, sizeBytes as number);
    // Marks those that are here as well: what an earlier upload has just brought may not be durable yet.
    for (const { sha256, sizeBytes } of known.values()) staging.has(sha256 as string, sizeBytes as number);
    await staging.commit();
    if (missing.length > 0) return undefined;
    const snapshot = storeTree(layout, [...known.values()].map(projectFile));
    writeNodes(nodesPath(folder, upload.id), head, described);
    return { ...snapshot, id: upload.id };
  } finally {
    await staging.drop();
  }
}

const projectFile = ({ path, sha256, sizeBytes }: KeptNode): malachite.ProjectFile => ({
  path,
  sha256: sha256 as string,
  sizeBytes: sizeBytes as number,
});

/** A body holds its tree as DirTreeNode; older clients send the tree alone. */
const treeOf = (value: unknown): unknown =>
  (typeof value === "object" && value !== null ? propertyOf(value, "DirTreeNode") : undefined) ?? value;

/** Throws BadTree for the first folder whose hash is not that of its children. */
function checkFolders(nodes: readonly ClientNode[]): void {
  let at = 0;
  const digestOf = (): Buffer => {
    const node = nodes[at++] as ClientNode;
    const told = Buffer.from(node.hash, "hex");
    if (!node.folder) return told;
    const digest = createHash("sha512");
    while ((nodes[at]?.depth ?? 0) > node.depth) digest.update(digestOf());
    if (digest.digest().equals(told)) return told;
    throw new MalachiteError(
      "BadTree",
      `${node.path === "" ? "The tree" : shown(node.path)} cannot be in a snapshot: its hash is not the SHA-512 of its children's hashes in order of name.`,
      { target: node.path || "DirTreeNode" },
    );
  };
  digestOf();
}

/** The node that a sent file is for. Clients on Windows write `\`; some escape quotes and line ends in the names of parts. */
function nodeFor({ name }: SentFile, wanted: ReadonlyMap<string, ClientNode>): ClientNode {
  const slashed = name.replaceAll("\\", "/");
  const unescaped = slashed.replace(/%22|%0A|%0D/gi, (code) => decodeURIComponent(code));
  const node = wanted.get(name) ?? wanted.get(slashed) ?? wanted.get(unescaped);
  if (node) return node;
  throw mismatch(name, "it was sent, but the tree has no such file.");
}

/** Throws ContentMismatch unless the bytes are those of the node. */
function checkSent({ file, sizeBytes }: SentFile, node: ClientNode, flag: CancelFlag): KeptNode {
  const own = createHash("sha256");
  const found = clientHash(file, node.name, flag, (piece) => own.update(piece));
  if (sizeBytes !== undefined && sizeBytes !== found.sizeBytes)
    throw mismatch(node.path, `it is said to have ${sizeBytes} bytes, and ${found.sizeBytes} were sent.`);
  if (found.hash !== node.hash)
    throw mismatch(
      node.path,
      `the tree says ${node.hash.slice(0, 16)}…, but the bytes that were sent have the hash ${found.hash.slice(0, 16)}….`,
    );
  return { ...node, sha256: own.digest("hex"), sizeBytes: found.sizeBytes };
}

/** The hash that clients give a file: SHA-512 of its bytes, its name and the word File. */
export function clientHash(
  file: string,
  name: string,
  flag: CancelFlag,
  see: (piece: Uint8Array) => void = () => {},
): { readonly hash: string; readonly sizeBytes: number } {
  const digest = createHash("sha512");
  const fd = openSync(file, "r");
  let sizeBytes = 0;
  try {
    const buffer = Buffer.allocUnsafe(PIECE_BYTES);
    for (let read = readSync(fd, buffer); read > 0; read = readSync(fd, buffer)) {
      stopIfCancelled(flag);
      const piece = buffer.subarray(0, read);
      digest.update(piece);
      see(piece);
      sizeBytes += read;
    }
  } finally {
    closeSync(fd);
  }
  return { hash: digest.update(name).update("File").digest("hex"), sizeBytes };
}

/** Throws SnapshotNotFound when there is nothing of the parent's id. */
function checkParent({ folder, upload, parentTree }: KeepClientTreeAsk): void {
  const { parentId } = upload.about;
  if (parentId === undefined || parentTree !== undefined) return;
  const places = [nodesPath(folder, parentId), partPath(folder, parentId)];
  if (places.some((place) => lstatSync(place, { throwIfNoEntry: false }))) return;
  throw new MalachiteError(
    "SnapshotNotFound",
    `The parent snapshot '${parentId}' is not in this workspace. Send the whole project without a parent.`,
    { target: "ParentSnapshotId" },
  );
}

/** Adds the files that were not sent and are the same elsewhere: in an earlier try of this snapshot, or in its parent. */
async function findKnown(
  { layout, folder, upload, parentTree }: KeepClientTreeAsk,
  wanted: ReadonlyMap<string, ClientNode>,
  known: Map<string, KeptNode>,
  flag: CancelFlag,
): Promise<void> {
  const { parentId } = upload.about;
  const places = [partPath(folder, upload.id)];
  if (parentId !== undefined) places.push(nodesPath(folder, parentId), partPath(folder, parentId));
  for (const place of places) {
    for await (const node of readNodes(place)) {
      if (isHead(node) || node.sha256 === undefined || known.has(node.path)) continue;
      const asked = wanted.get(node.path);
      if (asked?.hash !== node.hash) continue;
      if (isHere(layout, node.sha256, node.sizeBytes as number))
        known.set(node.path, { ...asked, sha256: node.sha256, sizeBytes: node.sizeBytes });
    }
  }
  if (parentTree === undefined) return;
  for await (const { path, sha256, sizeBytes } of readTree(layout.trees, parentTree)) {
    const asked = wanted.get(path);
    if (!asked || known.has(path) || !isHere(layout, sha256, sizeBytes)) continue;
    if (clientHash(hashedPath(layout.contents, sha256), asked.name, flag).hash === asked.hash)
      known.set(path, { ...asked, sha256, sizeBytes });
  }
}

const isHere = (layout: SnapshotLayout, sha256: string, sizeBytes: number): boolean =>
  lstatSync(hashedPath(layout.contents, sha256), { throwIfNoEntry: false })?.size === sizeBytes;

/** The snapshot that is there, if it has these very files and folders. Throws SnapshotExists. */
async function sameAs(
  nodes: readonly ClientNode[],
  { folder, upload }: KeepClientTreeAsk,
  tree: string,
): Promise<Snapshot> {
  let at = 0;
  let files = 0;
  let sizeBytes = 0;
  for await (const node of readNodes(nodesPath(folder, upload.id))) {
    if (isHead(node)) continue;
    const asked = nodes[at++];
    if (asked?.path !== node.path || asked.hash !== node.hash || asked.folder !== node.folder)
      throw taken(upload.id);
    files += node.folder ? 0 : 1;
    sizeBytes += node.sizeBytes ?? 0;
  }
  if (at !== nodes.length) throw taken(upload.id);
  return { id: upload.id, tree, files, sizeBytes };
}

const taken = (id: string): MalachiteError =>
  new MalachiteError(
    "SnapshotExists",
    `Another snapshot with other files has the id '${id}'. Choose a new id.`,
    {
      target: "snapshotId",
    },
  );

const mismatch = (path: string, reason: string): MalachiteError =>
  new MalachiteError("ContentMismatch", `${shown(path)} is not taken: ${reason}`, {
    target: path.slice(0, 500),
  });

function incomplete(missing: readonly string[], { about }: TreeUpload): MalachiteError {
  const [first = ""] = missing;
  const parent =
    about.parentId === undefined
      ? "there is no parent snapshot to take it from"
      : `the parent ${about.parentId} has no such file with the same hash`;
  const more = missing.length > 1 ? ` ${missing.length - 1} more files are missing.` : "";
  return new MalachiteError(
    "SnapshotIncomplete",
    `${shown(first)} was not sent, and ${parent}.${more} Send them again.`,
    {
      target: first.slice(0, 500),
      details: missing
        .slice(0, 100)
        .map((path) => ({ target: path.slice(0, 500), message: "Neither sent nor in the parent." })),
    },
  );
}
