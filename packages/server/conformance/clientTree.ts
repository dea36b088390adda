// Makes trees as the clients of the content service do: from their description, not from our code.
import { createHash } from "node:crypto";

/** Path to bytes; a path that ends in `/` is a folder. */
export type ProjectBytes = Readonly<Record<string, string | Uint8Array>>;

export type SentNode = {
  name: string;
  type: string;
  timestamp: string;
  hash: string;
  children: Record<string, SentNode>;
};

const TIME = "2026-01-02T03:04:05.678901";

/** The tree of a project, hashed. */
export function clientTree(files: ProjectBytes): SentNode {
  const root = folderNode("");
  for (const [path, bytes] of Object.entries(files)) {
    const parts = path.split("/");
    const name = parts.pop() as string;
    let at = root;
    for (const part of parts) at = at.children[part] ??= folderNode(part);
    if (name !== "") at.children[name] = fileNode(name, bytes);
  }
  return hashed(root);
}

/** Computes the hashes of all folders anew. */
export function hashed(node: SentNode): SentNode {
  if (node.type !== "Directory") return node;
  const digest = createHash("sha512");
  const names = Object.keys(node.children).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  for (const name of names) digest.update(Buffer.from(hashed(node.children[name] as SentNode).hash, "hex"));
  node.hash = digest.digest("hex");
  return node;
}

const folderNode = (name: string): SentNode => ({
  name,
  type: "Directory",
  timestamp: TIME,
  hash: "",
  children: {},
});

const fileNode = (name: string, bytes: string | Uint8Array): SentNode => ({
  name,
  type: "File",
  timestamp: TIME,
  hash: createHash("sha512").update(bytes).update(name).update("File").digest("hex"),
  children: {},
});
