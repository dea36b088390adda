// The rules between the paths of one project: each is a file or a folder, and each file is there once. Pure.

/** A path that cannot stand beside the others; the reason is half a sentence for people. */
export type TreeFault = { readonly path: string; readonly reason: string };

/**
 * Takes the paths of a project one by one, in any order, and answers the fault of each that does not fit to those before.
 * Every path has passed `checkProjectPath`. Paths are compared exactly: names that differ in case only, or in the Unicode
 * form of an accent, are different files on the systems where runs are executed, and real projects have them.
 */
export class ProjectTree {
  readonly #files = new Set<string>();
  readonly #folders = new Set<string>();

  get fileCount(): number {
    return this.#files.size;
  }

  /** Folders that the paths so far lie in: a few short paths can name very many. */
  get folderCount(): number {
    return this.#folders.size;
  }

  /** Adds a file; a fault leaves the tree as it was. */
  addFile(path: string): TreeFault | undefined {
    if (this.#files.has(path)) return { path, reason: "it is there twice." };
    if (this.#folders.has(path)) return { path, reason: "it is a file and a folder at once." };
    const clash = this.#addFolders(path);
    if (!clash) this.#files.add(path);
    return clash;
  }

  /** Adds a folder, without a slash at the end. The same folder again is no fault. */
  addFolder(path: string): TreeFault | undefined {
    return this.#addFolders(`${path}/`);
  }

  /** Makes known every folder that the path lies in. */
  #addFolders(path: string): TreeFault | undefined {
    const found: string[] = [];
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
      const folder = path.slice(0, end);
      if (this.#folders.has(folder)) break;
      if (this.#files.has(folder)) {
        return { path, reason: `'${folder}' is a file, so nothing can be inside it.` };
      }
      found.push(folder);
    }
    for (const folder of found) this.#folders.add(folder);
    return undefined;
  }
}
