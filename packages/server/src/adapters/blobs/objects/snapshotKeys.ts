// Where in an object storage is what is known of the snapshots of a workspace.
import type { Scope } from "@malachite/core";
import { workspaceFolder } from "../folder/layout.ts";
import { isHead, readNodes } from "../folder/nodesFile.ts";

export const snapshotsOf = (scope: Scope): string => `snapshots/${workspaceFolder(scope)}/`;
export const entryKey = (scope: Scope, id: string): string => `${snapshotsOf(scope)}${id}`;
export const nodesKey = (scope: Scope, id: string): string => `${snapshotsOf(scope)}${id}.nodes`;
/** Apart from the others, so that the old ones are found by a short list. */
export const partKey = (scope: Scope, id: string): string => `parts/${workspaceFolder(scope)}/${id}`;

/** The files of a snapshot that is being made, as far as their contents are known. */
export async function* nodesWithContents(file: string) {
  for await (const node of readNodes(file)) {
    if (isHead(node) || node.sha256 === undefined || node.sizeBytes === undefined) continue;
    yield { path: node.path, sha256: node.sha256, sizeBytes: node.sizeBytes };
  }
}
