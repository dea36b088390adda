// Decides from the list alone whether an archive may be unpacked, before a byte of it is. Names the entry that may not.
import { checkProjectPath, ProjectTree } from "@malachite/core";
import type { ArchiveLimits } from "./archiveLimits.ts";
import { badArchive, badEntry, badEntryPath } from "./badArchive.ts";
import type { ZipEntry } from "./centralDirectory.ts";
import type { Directory } from "./endRecord.ts";

const TYPE = 0xf000;
const REGULAR = 0x8000;
const FOLDER = 0x4000;
const LINK = 0xa000;
const HEADER_BYTES = 46;

/** An entry that is a file, with its place in the project. Set-user-id and the like are not kept, only the executable bit. */
export type FileEntry = ZipEntry & { readonly path: string; readonly executable: boolean };

const METHODS: Readonly<Record<number, string>> = {
  1: "Shrink",
  6: "Implode",
  9: "Deflate64",
  12: "bzip2",
  14: "LZMA",
  93: "Zstandard",
  95: "XZ",
  98: "PPMd",
  99: "AES encryption",
};

/** Throws at once when the archive says to have more entries than are taken, whatever it really has. */
export function checkCount(directory: Directory, limits: ArchiveLimits): void {
  if (directory.entries > limits.entries) throw tooMany(directory.entries, limits);
  if (directory.entries * HEADER_BYTES > directory.sizeBytes) {
    throw badArchive(`its end record says ${directory.entries} entries, but its list has room for fewer.`);
  }
}

/**
 * The files of a project among the entries, in the order of their data. Throws BadPath or BadArchive for the first entry that
 * is not allowed. Folders are checked and not kept: a project is its files.
 */
export function checkEntries(
  entries: Iterable<ZipEntry>,
  archiveBytes: number,
  limits: ArchiveLimits,
): { readonly files: FileEntry[]; readonly unpackedBytes: number } {
  const tree = new ProjectTree();
  const files: FileEntry[] = [];
  const most = Math.min(limits.unpackedBytes, Math.max(limits.ratioFloorBytes, archiveBytes * limits.ratio));
  let unpackedBytes = 0;
  for (const entry of entries) {
    const { path, folder } = place(entry);
    checkKind(entry, folder);
    if (path !== "") {
      const clash = folder ? tree.addFolder(path) : tree.addFile(path);
      if (clash) throw badEntryPath(entry.name, clash.reason);
    }
    const count = tree.fileCount + tree.folderCount;
    if (count > limits.entries) throw tooMany(count, limits);
    if (folder) continue;
    unpackedBytes += entry.sizeBytes;
    if (unpackedBytes > most) {
      throw badEntry(
        entry.name,
        `up to here the files are ${unpackedBytes} bytes unpacked; this archive of ${archiveBytes} bytes may have ${most}.`,
      );
    }
    files.push({ ...entry, path, executable: (entry.mode & 0o111) !== 0 });
  }
  files.sort((a, b) => a.localOffset - b.localOffset);
  return { files, unpackedBytes };
}

const tooMany = (count: number, limits: ArchiveLimits) =>
  badArchive(`it has ${count} files and folders or more; ${limits.entries} are allowed.`);

/** Where an entry belongs. A leading "./", as some zippers write it, is dropped; "./" itself is the project's folder. */
function place(entry: ZipEntry): { readonly path: string; readonly folder: boolean } {
  const folder = entry.name.endsWith("/");
  const bare = entry.name.startsWith("./") ? entry.name.slice(2) : entry.name;
  const path = folder && bare !== "" && bare !== "/" ? bare.slice(0, -1) : bare;
  if (folder && path === "") return { path, folder };
  const checked = checkProjectPath(path);
  if (checked.ok) return { path, folder };
  const hint =
    checked.fault === "backslash" ? " The program that made this zip does not keep to the zip format." : "";
  throw badEntryPath(entry.name, checked.reason + hint);
}

function checkKind(entry: ZipEntry, folder: boolean): void {
  const { name, flags, method, mode } = entry;
  const type = mode & TYPE;
  if (type === LINK)
    throw badEntry(name, "it is a symbolic link; a project has plain files and folders only.");
  if (entry.linkInExtra)
    throw badEntry(name, "it is a link or a device; a project has plain files and folders only.");
  if (type !== 0 && type !== REGULAR && type !== FOLDER) {
    throw badEntry(name, "it is a device, FIFO or socket; a project has plain files and folders only.");
  }
  if (type !== 0 && (type === FOLDER) !== folder) {
    throw badEntry(
      name,
      `by its name it is a ${folder ? "folder, by its mode a file" : "file, by its mode a folder"}.`,
    );
  }
  // Bit 0: encrypted; bit 6: strong encryption; bit 13: the list itself is encrypted.
  if (flags & ((1 << 0) | (1 << 6) | (1 << 13))) throw badEntry(name, "it is encrypted.");
  if (flags & (1 << 5)) throw badEntry(name, "it is a patch to another file.");
  if (folder) {
    if (entry.sizeBytes > 0) throw badEntry(name, "it is a folder, but it has data.");
    return;
  }
  if (method !== 0 && method !== 8) {
    const known = METHODS[method] ? ` (${METHODS[method]})` : "";
    throw badEntry(name, `its compression method ${method}${known} is not supported; use Deflate or none.`);
  }
  if (method === 0 && entry.packedBytes !== entry.sizeBytes) {
    throw badEntry(
      name,
      `it is not compressed, but its sizes differ (${entry.packedBytes} and ${entry.sizeBytes}).`,
    );
  }
}
