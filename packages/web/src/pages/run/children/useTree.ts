// The branches of a tree of runs: fetched page by page when they are wanted, and kept up to date by what the stream tells.
import type { RunTreeNode, WorkspaceClient } from "@malachite/client";
import { useCallback, useEffect, useRef, useState } from "react";
import { useTell } from "../../../parts/Toasts.tsx";
import { useNews } from "../../../service/live.tsx";
import type { Branch } from "./treeRows.ts";

const PAGE = 200;
/** New children come in waves; so long is waited for more of them before a branch is fetched anew. */
const SETTLE_MS = 1000;

/** `want` asks for the next page of a branch; what is being fetched already is not asked for again. */
export function useTree(workspace: WorkspaceClient, root: string) {
  const [branches, setBranches] = useState<ReadonlyMap<string, Branch>>(new Map());
  const known = useRef(branches);
  known.current = branches;
  const asked = useRef(new Set<string>());
  const tell = useTell();
  const load = useCallback(
    async (id: string, from: string | undefined, top: number) => {
      if (asked.current.has(id)) return;
      asked.current.add(id);
      try {
        const page = await workspace
          .run(id)
          .getTree({ top, ...(from === undefined ? {} : { continuationToken: from }) });
        setBranches((now) => {
          const before = from === undefined ? [] : (now.get(id)?.nodes ?? []);
          const next = page.continuationToken;
          return new Map(now).set(id, {
            nodes: [...before, ...page.value],
            ...(next === undefined ? {} : { next }),
          });
        });
      } catch (error) {
        tell.failed(error);
      } finally {
        asked.current.delete(id);
      }
    },
    [workspace, tell],
  );
  const want = useCallback(
    (id: string) => {
      const branch = known.current.get(id);
      if (branch === undefined || branch.next !== undefined) void load(id, branch?.next, PAGE);
    },
    [load],
  );
  useEffect(() => want(root), [want, root]);
  const stale = useRef(new Map<string, ReturnType<typeof setTimeout>>());
  useEffect(() => {
    const timers = stale.current;
    return () => {
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
    };
  }, []);
  useNews((news) => {
    if (news.kind !== "run") return;
    const { parentRunId: parent, runId, status, displayName, startTimeUtc, endTimeUtc } = news.run;
    const branch = parent === undefined ? undefined : known.current.get(parent);
    if (parent === undefined || branch === undefined) return;
    if (branch.nodes.some((node) => node.runId === runId)) {
      const change = { status: status as RunTreeNode["status"], displayName, startTimeUtc, endTimeUtc };
      const nodes = branch.nodes.map((node) => (node.runId === runId ? { ...node, ...change } : node));
      setBranches((now) => new Map(now).set(parent, { ...branch, nodes }));
    } else if (branch.next === undefined && !stale.current.has(parent)) {
      // A new child comes at the end, where all that are there are shown.
      const again = () => {
        stale.current.delete(parent);
        void load(parent, undefined, Math.min(1000, branch.nodes.length + PAGE));
      };
      stale.current.set(parent, setTimeout(again, SETTLE_MS));
    }
  });
  return { branches, want };
}
