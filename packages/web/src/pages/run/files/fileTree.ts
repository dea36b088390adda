// Paths as a tree of folders.
export type FileEntry = { readonly path: string; readonly sizeBytes: number | undefined };
export type Folder = {
  readonly name: string;
  /** With a slash at its end; empty for the top. */
  readonly path: string;
  readonly folders: readonly Folder[];
  readonly files: readonly (FileEntry & { readonly name: string })[];
  /** How many files are in it and below. */
  readonly count: number;
  readonly sizeBytes: number;
};

type Open = {
  readonly name: string;
  readonly path: string;
  readonly folders: Map<string, Open>;
  readonly files: (FileEntry & { readonly name: string })[];
};

/** Folders first, then files, each by name. */
export function fileTree(files: readonly FileEntry[]): Folder {
  const top: Open = { name: "", path: "", folders: new Map(), files: [] };
  for (const file of files) {
    const parts = file.path.split("/");
    const name = parts.pop() ?? "";
    let at = top;
    for (const part of parts) {
      const next = at.folders.get(part) ?? {
        name: part,
        path: `${at.path}${part}/`,
        folders: new Map(),
        files: [],
      };
      at.folders.set(part, next);
      at = next;
    }
    at.files.push({ ...file, name });
  }
  return closed(top);
}

const byName = <T extends { readonly name: string }>(a: T, b: T): number =>
  a.name.localeCompare(b.name, undefined, { numeric: true });

function closed({ name, path, folders, files }: Open): Folder {
  const inside = [...folders.values()].map(closed).sort(byName);
  return {
    name,
    path,
    folders: inside,
    files: files.sort(byName),
    count: files.length + inside.reduce((sum, each) => sum + each.count, 0),
    sizeBytes:
      files.reduce((sum, each) => sum + (each.sizeBytes ?? 0), 0) +
      inside.reduce((sum, each) => sum + each.sizeBytes, 0),
  };
}
