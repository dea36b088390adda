// A tree of runs as rows. Pure.
import type { RunTreeNode } from "@malachite/client";

export type Branch = {
  readonly nodes: readonly RunTreeNode[];
  /** Where the next page begins; absent when all are there. */
  readonly next?: string;
};
export type TreeRow =
  | {
      readonly kind: "run";
      readonly node: RunTreeNode;
      readonly depth: number;
      /** How many runs are right below it. */
      readonly below: number;
      readonly isOpen: boolean;
    }
  /** Stands for runs of that parent which are still to be fetched. */
  | { readonly kind: "more"; readonly parent: string; readonly depth: number };

export const countOf = ({ children }: RunTreeNode): number =>
  Object.values(children).reduce((all, one) => all + one, 0);

/** The rows below a run; those of branches that are open, as far as they are known. */
export function treeRows(
  root: string,
  open: ReadonlySet<string>,
  branches: ReadonlyMap<string, Branch>,
): TreeRow[] {
  const rows: TreeRow[] = [];
  // Not by recursion: nobody says how deep a tree may be. A branch that is inside itself would never end.
  const stack: { readonly id: string; readonly depth: number; at: number }[] = [
    { id: root, depth: 0, at: 0 },
  ];
  const inside = new Set([root]);
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const { id, depth } = top;
    const branch = branches.get(id);
    const node = branch?.nodes[top.at];
    if (node === undefined) {
      if (branch === undefined || branch.next !== undefined) rows.push({ kind: "more", parent: id, depth });
      inside.delete(id);
      stack.pop();
      continue;
    }
    top.at += 1;
    const below = countOf(node);
    const isOpen = below > 0 && open.has(node.runId) && !inside.has(node.runId);
    rows.push({ kind: "run", node, depth, below, isOpen });
    if (!isOpen) continue;
    inside.add(node.runId);
    stack.push({ id: node.runId, depth: depth + 1, at: 0 });
  }
  return rows;
}
