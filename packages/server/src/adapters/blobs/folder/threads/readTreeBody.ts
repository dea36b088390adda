// Reads what the body of a client's snapshot says beside its tree. Runs in a worker: a body may have a million nodes.
import { readFileSync } from "node:fs";
import { MalachiteError, propertyOf, type SnapshotAbout, type TreeBody } from "@malachite/core";

export type ReadTreeBodyAsk = { readonly file: string };

const NOTHING = "00000000-0000-0000-0000-000000000000";
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Throws BadJson, BadTree naming the property. */
export async function readTreeBody({ file }: ReadTreeBodyAsk): Promise<TreeBody> {
  const body = readJsonFile(file);
  if (!isObject(body)) throw bad("body", "The body is not an object.");
  const sent = propertyOf(body, "FileRevisionList");
  const nodes = isObject(sent) ? propertyOf(sent, "FileNodes") : undefined;
  return { about: aboutOf(body), sent: sentOf(nodes) };
}

/** The whole file as JSON. Throws BadJson telling the position. */
export function readJsonFile(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new MalachiteError("BadJson", `The body is not JSON: ${error.message.slice(0, 200)}.`, {
      cause: error,
    });
  }
}

function aboutOf(body: object): SnapshotAbout {
  const parent = propertyOf(body, "ParentSnapshotId");
  const tags = propertyOf(body, "Tags");
  const properties = propertyOf(body, "Properties");
  return {
    ...parentOf(parent),
    ...(tags == null ? {} : { tags }),
    ...(properties == null ? {} : { properties }),
  };
}

/** Clients name the nil UUID when there is no snapshot before. */
export function parentOf(parent: unknown): Pick<SnapshotAbout, "parentId"> {
  if (parent === undefined || parent === null || parent === "" || parent === NOTHING) return {};
  if (typeof parent === "string" && UUID.test(parent)) return { parentId: parent.toLowerCase() };
  throw bad("ParentSnapshotId", "ParentSnapshotId is not a UUID.");
}

function sentOf(nodes: unknown): TreeBody["sent"] {
  if (nodes === undefined || nodes === null) return [];
  if (!Array.isArray(nodes))
    throw bad("FileRevisionList.FileNodes", "FileRevisionList.FileNodes is not a list.");
  return nodes.map((node: unknown, i) => {
    const at = `FileRevisionList.FileNodes[${i}]`;
    const name = isObject(node) ? propertyOf(node, "FullName") : undefined;
    const link = isObject(node) ? propertyOf(node, "BlobUri") : undefined;
    const size = isObject(node) ? propertyOf(node, "FileSize") : undefined;
    if (typeof name !== "string") throw bad(`${at}.FullName`, `${at} has no FullName.`);
    if (typeof link !== "string")
      throw bad(`${at}.BlobUri`, `${at} (${JSON.stringify(name).slice(0, 200)}) has no BlobUri.`);
    return { name, link, ...(typeof size === "number" ? { sizeBytes: size } : {}) };
  });
}

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const bad = (target: string, message: string): MalachiteError =>
  new MalachiteError("BadTree", message, { target });
