// A project's tree as clients of the content service send it: nodes with hashes of the client's own making. Shape and paths are
// checked here; whoever has the bytes checks the hashes.
import { MalachiteError } from "../failure/malachiteError.ts";
import { checkProjectPath } from "./projectPath.ts";

/** One node of a tree. The root has the path "" and the depth 0. */
export type ClientNode = {
  readonly path: string;
  readonly name: string;
  readonly depth: number;
  readonly folder: boolean;
  /** SHA-512 in lower-case hex. Of a file: its bytes, its name and "File". Of a folder: its children's digests in order of name. */
  readonly hash: string;
  readonly timestamp?: string;
};

const SHA512 = /^[0-9a-f]{128}$/i;

/**
 * The nodes of a tree, each folder before what is in it, children in the order of their names by code points, as the clients
 * sort them. `children` may be a map by name or a list. Throws BadTree and BadPath naming the path.
 */
export function readClientTree(root: unknown, limits: { readonly entries: number }): ClientNode[] {
  const nodes: ClientNode[] = [];
  const add = (value: unknown, path: string, name: string, depth: number): void => {
    if (nodes.length > limits.entries)
      throw badTree(path, `with it the tree has more than ${limits.entries} files and folders.`);
    const node = nodeOf(value, path, name, depth);
    nodes.push(node);
    const children = childrenOf(propertyOf(value as object, "children"), path);
    if (!node.folder && children.length > 0) throw badTree(path, "it is a file and has children.");
    let before: string | undefined;
    for (const [childName, child] of children) {
      const childPath = path === "" ? childName : `${path}/${childName}`;
      if (childName === before) throw badTree(childPath, "it is there twice.");
      before = childName;
      // A slash in a name would make a path of several parts look like one.
      if (childName.includes("/")) throw badPath(childPath, "a name in it has a '/'.");
      const checked = checkProjectPath(childPath);
      if (!checked.ok) throw badPath(childPath, checked.reason);
      add(child, childPath, childName, depth + 1);
    }
  };
  add(root, "", "", 0);
  if (nodes[0]?.folder !== true) throw badTree("", "its root is a file.");
  return nodes;
}

function nodeOf(value: unknown, path: string, name: string, depth: number): ClientNode {
  if (!isObject(value)) throw badTree(path, "it is not an object.");
  const type = propertyOf(value, "type");
  const folder = typeof type === "string" && type.toLowerCase() === "directory";
  if (!folder && !(typeof type === "string" && type.toLowerCase() === "file"))
    throw badTree(path, `its type is ${told(type)}; 'File' and 'Directory' are known.`);
  const hash = propertyOf(value, "hash");
  if (typeof hash !== "string" || !SHA512.test(hash))
    throw badTree(path, "its hash is not a SHA-512 in 128 hex digits.");
  const own = propertyOf(value, "name");
  if (depth > 0 && own !== undefined && own !== null && own !== name)
    throw badTree(path, `it is listed as ${told(name)} but its name is ${told(own)}.`);
  const timestamp = propertyOf(value, "timestamp");
  return {
    path,
    name,
    depth,
    folder,
    hash: hash.toLowerCase(),
    ...(typeof timestamp === "string" && timestamp.length <= 100 ? { timestamp } : {}),
  };
}

function childrenOf(children: unknown, path: string): [name: string, child: unknown][] {
  if (children === undefined || children === null) return [];
  if (typeof children !== "object") throw badTree(path, "its children are neither a map nor a list.");
  const named: [string, unknown][] = Array.isArray(children)
    ? children.map((child: unknown) => {
        const name = isObject(child) ? propertyOf(child, "name") : undefined;
        if (typeof name !== "string") throw badTree(path, "a child of it has no name.");
        return [name, child];
      })
    : Object.entries(children);
  return named.sort(([a], [b]) => compareCodePoints(a, b));
}

/** The value under a key in any case: clients write `name`, and some `Name`. */
export function propertyOf(value: object, name: string): unknown {
  const exact = Object.getOwnPropertyDescriptor(value, name);
  if (exact) return exact.value;
  const key = Object.keys(value).find((one) => one.toLowerCase() === name.toLowerCase());
  return key === undefined ? undefined : (value as Record<string, unknown>)[key];
}

/** Order by code points: JavaScript's own order puts surrogate pairs before the last of the plain characters. */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x !== y) return lifted(x) - lifted(y);
  }
  return a.length - b.length;
}

const lifted = (unit: number): number =>
  unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x10000 : unit - 0x800;

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const told = (value: unknown): string => (JSON.stringify(value) ?? String(value)).slice(0, 200);

const badTree = (path: string, reason: string): MalachiteError =>
  new MalachiteError(
    "BadTree",
    `${path === "" ? "The tree" : told(path)} cannot be in a snapshot: ${reason}`,
    {
      target: path === "" ? "DirTreeNode" : path.slice(0, 500),
    },
  );

const badPath = (path: string, reason: string): MalachiteError =>
  new MalachiteError("BadPath", `${told(path)} cannot be a file of a project: ${reason}`, {
    target: path.slice(0, 500),
  });
