// The folder a run's files are brought to: where each may go, what is half there, what is done.
import { appendFile, lstat, mkdir, readFile, realpath, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { safeSegments, UnsafePathError } from "./localPath.ts";

/** Holds what is half there; gone when all is done. */
const WORK = ".malachite-download";
const JOURNAL = "done.jsonl";

export type Place = { readonly partial: string; readonly final: string };
type Done = { etag: string; sizeBytes: number; mtimeMs: number };

export class DownloadFolder {
  readonly #root: string;
  readonly #work: string;
  readonly #checked = new Map<string, Promise<void>>();
  readonly #claimed = new Map<string, string>();
  readonly #done: Map<string, Done>;
  readonly #foldsCase: boolean;

  private constructor(root: string, done: Map<string, Done>, foldsCase: boolean) {
    this.#root = root;
    this.#work = join(root, WORK);
    this.#done = done;
    this.#foldsCase = foldsCase;
  }

  /** Opens the folder, which is made if it is missing. `foldsCase`: whether `A` and `a` are one file; asked of the disk. */
  static async open(folder: string, foldsCase?: boolean): Promise<DownloadFolder> {
    await mkdir(folder, { recursive: true });
    const root = await realpath(folder);
    const work = join(root, WORK);
    await mkdir(work, { recursive: true });
    await refuseLink(work, WORK);
    const folds = foldsCase ?? (await lstat(join(root, WORK.toUpperCase())).then(Boolean, () => false));
    return new DownloadFolder(root, await readJournal(join(work, JOURNAL)), folds);
  }

  /** Where a file may go, its folders made. Throws UnsafePathError. */
  async placeFor(path: string, partialName: string): Promise<Place> {
    const segments = safeSegments(path);
    if (segments[0]?.toLowerCase() === WORK)
      throw new UnsafePathError(path, "that name is used for the download itself");
    // Two names of a run may be one file here: then neither may win silently.
    const key = this.#foldsCase ? path.normalize("NFC").toLowerCase() : path;
    const other = this.#claimed.get(key);
    if (other !== undefined && other !== path) {
      throw new UnsafePathError(path, `${JSON.stringify(other)} has the same name on this disk`);
    }
    this.#claimed.set(key, path);
    let folder = this.#root;
    for (const segment of segments.slice(0, -1)) {
      folder = join(folder, segment);
      await this.#makeFolder(folder, path);
    }
    return { partial: join(this.#work, partialName), final: join(this.#root, ...segments) };
  }

  /** The size of a file that an earlier call brought whole, if it is still the same here and there. */
  async finishedBefore(path: string, etag: string | undefined, place: Place): Promise<number | undefined> {
    const done = this.#done.get(path);
    if (!done || etag === undefined || done.etag !== etag) return undefined;
    const here = await lstat(place.final).catch(() => undefined);
    const same = here?.isFile() && here.size === done.sizeBytes && here.mtimeMs === done.mtimeMs;
    return same ? done.sizeBytes : undefined;
  }

  /** Gives a whole file its name. Replaces a file or link of that name; a folder of that name is an error. */
  async finish(path: string, etag: string | undefined, place: Place): Promise<void> {
    await rename(place.partial, place.final).catch((error: NodeJS.ErrnoException) => {
      const folder = error.code === "EISDIR" || error.code === "ENOTEMPTY" || error.code === "EEXIST";
      throw folder ? new UnsafePathError(path, "there is a folder of that name") : error;
    });
    if (etag === undefined) return;
    const { size, mtimeMs } = await stat(place.final);
    const done: Done = { etag, sizeBytes: size, mtimeMs };
    await appendFile(join(this.#work, JOURNAL), `${JSON.stringify([path, done])}\n`);
  }

  /** All is done: takes away what only a next call would have needed. */
  async close(): Promise<void> {
    await rm(this.#work, { recursive: true, force: true });
  }

  #makeFolder(folder: string, path: string): Promise<void> {
    let checked = this.#checked.get(folder);
    if (!checked) {
      checked = mkdir(folder, { recursive: true })
        .catch((error: NodeJS.ErrnoException) => {
          if (error.code !== "EEXIST" && error.code !== "ENOTDIR") throw error;
        })
        .then(() => refuseLink(folder, path));
      this.#checked.set(folder, checked);
    }
    return checked;
  }
}

/** A link in the way would take the file elsewhere. */
async function refuseLink(folder: string, path: string): Promise<void> {
  const found = await lstat(folder);
  if (!found.isDirectory()) throw new UnsafePathError(path, `${folder} is not a folder`);
}

async function readJournal(file: string): Promise<Map<string, Done>> {
  const text = await readFile(file, "utf8").catch(() => ""); // Nothing is done yet, or it cannot be known.
  const done = new Map<string, Done>();
  for (const line of text.split("\n")) {
    try {
      const [path, entry] = JSON.parse(line);
      done.set(path, entry);
    } catch {
      // The last line of a call that was killed is cut off; that file is brought again.
    }
  }
  return done;
}
