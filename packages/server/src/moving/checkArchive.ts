// Reads an archive whole before anything is changed: every byte by its hash, every row by its table, every path and every name. What is
// found wrong is told of nothing that was done.
import { checkProjectPath, type KnownWorkspace, MalachiteError, ProjectTree } from "@malachite/core";
import { checkSpans, landed, rowOf } from "../adapters/records/shared/moving/movedRows.ts";
import { MOVED } from "../adapters/records/shared/moving/movedTables.ts";
import { NEWEST_SCHEMA } from "../adapters/records/sqlite/stageOlder.ts";
import { segmentsOf } from "../files/index.ts";
import type { Counts, Head, Item } from "./archive/items.ts";
import { readArchive, type Told } from "./archive/readArchive.ts";
import { SetAside } from "./setAside.ts";
import { bucketOf } from "./workplaces.ts";

export type Checked = { readonly head: Head; readonly counts: Counts; readonly hash: string };

const bad = (why: string, cause?: unknown): MalachiteError =>
  new MalachiteError("BadExport", `The archive ${why}.`, cause === undefined ? {} : { cause });

/** Throws BadExport. */
export async function checkArchive(file: string, told?: Told): Promise<Checked> {
  using aside = new SetAside();
  let head: Head | undefined;
  let table = 0;
  const counts = { rows: {} as Record<string, number>, files: 0, fileBytes: 0, snapshots: 0 };
  for await (const part of readArchive(file, told)) {
    if (part.is === "head") {
      checkHead(part.head);
      head = part.head;
    } else if (part.is === "rows") {
      table = checkRows(part.table, part.rows, head as Head, table);
      counts.rows[part.table] = (counts.rows[part.table] ?? 0) + part.rows.length;
    } else if (part.is === "item") {
      await checkItem(part.item, part.bytes, head as Head, aside);
      if (part.item.is === "snapshot") counts.snapshots += 1;
      if (part.item.is === "file" || part.item.is === "content") {
        counts.files += 1;
        counts.fileBytes += part.item.sizeBytes;
      }
    } else return { head: head as Head, counts, hash: part.hash };
  }
  throw bad("has no end");
}

const isText = (value: unknown): value is string => typeof value === "string";
const isTime = (value: unknown): value is number => typeof value === "number" && Math.abs(value) <= 8.64e15;
const PART = /^[^/\\\p{C}]{1,260}$/u;

function checkHead({ schema, tables, workspace, exportedAt, spans, secrets }: Head): void {
  if (!Number.isSafeInteger(schema) || schema < 1 || !isTime(exportedAt))
    throw bad("has a head without a schema or a time");
  if (schema > NEWEST_SCHEMA)
    throw bad(
      `was written by a newer Malachite (schema ${schema}; this one knows schemas up to ${NEWEST_SCHEMA}). Import it with that version or a newer one`,
    );
  const parts = [workspace?.subscriptionId, workspace?.resourceGroup, workspace?.workspace];
  if (!parts.every((part) => isText(part) && PART.test(part)) || !isTime(workspace.createdAt))
    throw bad("has a head without a proper workspace");
  if (typeof spans !== "object" || spans === null) throw bad("has a head without the numbers of its rows");
  checkSpans(spans);
  const lists = typeof tables === "object" && tables !== null ? Object.entries(tables) : [];
  for (const { name, columns } of schema === NEWEST_SCHEMA ? MOVED : [])
    if (JSON.stringify(tables?.[name]) !== JSON.stringify(Object.keys(columns)))
      throw bad(`has not the columns of ${name} that its schema has`);
  if (lists.length === 0 || !lists.every(([, columns]) => Array.isArray(columns) && columns.every(isText)))
    throw bad("has a head without tables");
  if (secrets !== undefined && !(isText(secrets?.probe) && /^[0-9a-f]{32}$/.test(secrets?.salt)))
    throw bad("has a head with secrets that nobody can open");
}

/** Which table it is; never one before that of the rows before. */
function checkRows(
  name: string,
  rows: readonly unknown[],
  { schema, tables, spans }: Head,
  before: number,
): number {
  const columns = Object.hasOwn(tables, name) ? tables[name] : undefined;
  if (columns === undefined)
    throw bad(`has rows of ${JSON.stringify(name.slice(0, 100))}, which is no table of it`);
  if (schema !== NEWEST_SCHEMA) {
    for (const row of rows) rowOf(name, columns, row);
    return before;
  }
  const at = MOVED.findIndex((table) => table.name === name);
  const table = MOVED[at];
  if (table === undefined || at < before) throw bad(`has rows of ${name} where none can be`);
  const bases = Object.fromEntries(Object.entries(spans).map(([of, { first }]) => [of, first]));
  const landing = { workspaceNo: 1, spans, bases, reseal: (sealed: string) => sealed };
  for (const row of rows) landed(table, rowOf(name, columns, row), landing);
  return at;
}

const SHA256 = /^[0-9a-f]{64}$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const HEADERS: ReadonlySet<string> = new Set([
  "contentType",
  "contentEncoding",
  "contentLanguage",
  "contentDisposition",
  "cacheControl",
  "contentMd5",
]);
/** What can stand in a header of an answer. */
const HEADER = /^[\t\x20-\x7e\x80-\xff]{0,8192}$/;
const METADATA_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,255}$/;

async function checkItem(
  item: Item,
  bytes: AsyncIterable<Uint8Array>,
  { workspace }: Head,
  aside: SetAside,
): Promise<void> {
  if (item.is === "file") return checkFile(item, workspace);
  if (item.is === "content") {
    if (!SHA256.test(item.sha256) || !isSize(item.sizeBytes))
      throw bad("has a content without a proper SHA-256");
    for await (const _ of bytes);
    aside.put("content", item.sha256, String(item.sizeBytes));
    return;
  }
  if (item.is === "tree") {
    if (!SHA256.test(item.tree)) throw bad("has a project without a proper SHA-256");
    await checkTree(bytes, aside);
    aside.put("tree", item.tree);
    return;
  }
  if (item.is === "snapshot") {
    if (!UUID.test(item.id) || aside.get("tree", item.tree) === undefined)
      throw bad("has a snapshot without a proper id, or whose files are not in it");
    if (item.hasNodes) await checkNodes(bytes, item.id);
    aside.put("snapshot", item.id);
    return;
  }
  if (item.is === "latest" && aside.get("snapshot", item.id) !== undefined) return;
  throw bad(`has an item that no workspace has: ${JSON.stringify(item).slice(0, 200)}`);
}

const isSize = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

function checkFile(item: Extract<Item, { is: "file" }>, workspace: KnownWorkspace): void {
  const { path, sizeBytes, kind, headers, metadata, createdAt, changedAt } = item;
  const named = JSON.stringify(String(path).slice(0, 300));
  if (!isText(path) || !isSize(sizeBytes) || !isTime(createdAt) || !isTime(changedAt))
    throw bad(`has a file ${named} without a size or a time`);
  if (kind !== "block" && kind !== "append") throw bad(`has a file ${named} of an unknown kind`);
  if (typeof item.in !== "object" || item.in === null) throw bad(`has a file ${named} that is nowhere`);
  try {
    segmentsOf(path);
    bucketOf(workspace, item.in, { id: "", secretBox: { seal: String, open: String } });
  } catch (cause) {
    throw bad(
      `has a file ${named} that can be nowhere: ${cause instanceof Error ? cause.message : ""}`,
      cause,
    );
  }
  const facts = [Object.entries(headers ?? {}), Object.entries(metadata ?? {})] as const;
  if (!facts.flat().every(([, value]) => isText(value) && HEADER.test(value)))
    throw bad(`has a file ${named} with facts that no answer can hold`);
  if (!facts[0].every(([name]) => HEADERS.has(name)) || !facts[1].every(([name]) => METADATA_NAME.test(name)))
    throw bad(`has a file ${named} with facts of unknown names`);
}

async function checkTree(bytes: AsyncIterable<Uint8Array>, aside: SetAside): Promise<void> {
  const tree = new ProjectTree();
  for await (const line of linesIn(bytes)) {
    const { path, sha256, sizeBytes } = (line ?? {}) as {
      path?: unknown;
      sha256?: unknown;
      sizeBytes?: unknown;
    };
    const named = JSON.stringify(String(path).slice(0, 300));
    const checked = isText(path) ? checkProjectPath(path) : undefined;
    if (!isText(path) || checked?.ok !== true)
      throw bad(`has a project with a file ${named}, which cannot be`);
    const clash = tree.addFile(path);
    if (clash) throw bad(`has a project with a file ${named}: ${clash.reason}`);
    if (!isText(sha256) || aside.get("content", sha256) !== String(sizeBytes))
      throw bad(`has a project with a file ${named} whose content is not in it`);
  }
}

/** What a client told of a snapshot, see nodesFile.ts: a head, then a line for each node. */
async function checkNodes(bytes: AsyncIterable<Uint8Array>, id: string): Promise<void> {
  const folders: string[] = [];
  let isFirst = true;
  for await (const line of linesIn(bytes)) {
    if (isFirst) {
      isFirst = false;
      const head = line as { version?: unknown; id?: unknown; about?: unknown } | null;
      if (head?.version !== 1 || head.id !== id || typeof head.about !== "object")
        throw bad("has a snapshot with the tree of another one");
      continue;
    }
    const [depth, name, kind, hash] = Array.isArray(line) ? line : [];
    if (
      !isSize(depth) ||
      depth > folders.length ||
      !isText(name) ||
      !isText(hash) ||
      (kind !== "d" && kind !== "f")
    )
      throw bad("has a snapshot with a tree that is none");
    const path = depth < 2 ? name : `${folders[depth - 1]}/${name}`;
    folders.length = depth;
    folders[depth] = path;
    if (depth > 0 && !checkProjectPath(path).ok)
      throw bad(`has a snapshot with a node ${JSON.stringify(path.slice(0, 300))}, which cannot be`);
  }
}

const LONGEST_LINE = 16 * 1024 * 1024;

async function* linesIn(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<unknown> {
  let rest = Buffer.alloc(0) as Buffer;
  for await (const piece of bytes) {
    rest = rest.length === 0 ? Buffer.from(piece) : Buffer.concat([rest, piece]);
    let at = 0;
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10, at)) {
      yield lineOf(rest.subarray(at, end));
      at = end + 1;
    }
    rest = rest.subarray(at);
    if (rest.length > LONGEST_LINE) throw bad("has a line that is too long");
  }
  if (rest.length > 0) throw bad("has a list whose last line is cut");
}

function lineOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch (cause) {
    throw bad("has a line that is no JSON", cause);
  }
}
