// The folder of a run whose nodes are machines by themselves: what several of them have under one path is that of the first.
import {
  type ExitReport,
  isMalachiteError,
  parseExitRecord,
  RUN_FOLDER,
  type RunFolder,
} from "@malachite/core";

export type FolderOfNode = {
  readonly folder: Required<RunFolder>;
  /** Logs that come from it and from no other. */
  readonly logs: readonly string[];
};

/** What processes of the other nodes write too. Everything else is that of the first. */
const SHARED = ["project", "nodes", "data", "user_logs"];

/** `nodes`: the first one first. */
export function createJoinedFolder(nodes: readonly FolderOfNode[]): Required<RunFolder> {
  const folders = nodes.map(({ folder }) => folder);
  const [first] = folders as [Required<RunFolder>];

  const ownerOf = (path: string): Required<RunFolder> | undefined =>
    SHARED.some((name) => path === name || path.startsWith(`${name}/`)) || path === ""
      ? nodes.find(({ logs }) => logs.includes(path))?.folder
      : first;

  /** A node that is away when the run has failed, often for just that reason: what it has is not waited for. */
  async function unlessLost<T>(folder: RunFolder, work: () => Promise<T>, without: T): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (folder === first || !(isMalachiteError(error) && error.kind === "unavailable")) throw error;
      const end = await endOf(first);
      if (end === undefined || end.code === 0) throw error;
      return without;
    }
  }

  async function open(path: string) {
    const owner = ownerOf(path);
    for (const folder of owner === undefined ? folders : [owner]) {
      const found = await unlessLost(folder, () => folder.open(path), undefined);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  return {
    async *list(under) {
      const seen = new Set<string>();
      for (const folder of folders) {
        const all = folder.list(under)[Symbol.asyncIterator]();
        for (;;) {
          const next = await unlessLost(folder, () => all.next(), undefined);
          if (next === undefined || next.done) break;
          const { path } = next.value;
          const owner = ownerOf(path);
          if (seen.has(path) || (owner !== undefined && owner !== folder)) continue;
          seen.add(path);
          yield next.value;
        }
      }
    },
    open,
    async *read(path, from = 0) {
      const owner = ownerOf(path);
      if (owner !== undefined) return yield* owner.read(path, from);
      for (const folder of folders) {
        await using file = await unlessLost(folder, () => folder.open(path), undefined);
        if (file !== undefined) return yield* folder.read(path, from);
      }
      // It says that there is none.
      yield* first.read(path, from);
    },
    async size(path) {
      await using file = await open(path);
      return (await file?.look())?.sizeBytes;
    },
    changes: (path, signal) => (ownerOf(path) ?? first).changes(path, signal),
    // Whoever wants one that several may have copies it.
    localPath: (path) => ownerOf(path)?.localPath(path),
    async hold(under) {
      let dropped = 0;
      for (const folder of folders) {
        const held = await unlessLost(folder, () => folder.hold(under), { dropped: 0 });
        dropped += held.dropped;
      }
      return { dropped };
    },
  };
}

async function endOf(folder: RunFolder): Promise<ExitReport | undefined> {
  const bytes: Uint8Array[] = [];
  for await (const chunk of folder.read(RUN_FOLDER.exit)) bytes.push(chunk);
  return parseExitRecord(Buffer.concat(bytes).toString());
}
