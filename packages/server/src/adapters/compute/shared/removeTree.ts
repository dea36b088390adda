// Removes a folder that a program has filled as it liked: huge, deep, read-only, with names that are no text. Follows no link.
import { chmod, lstat, mkdir, opendir, rename, rmdir, unlink } from "node:fs/promises";
import { join } from "node:path";

/** Below the 4096 bytes a path may have: a folder that lies deeper is moved up before it is emptied. */
const LONG_PATH_BYTES = 3000;
const AT_ONCE = 32;

/**
 * Removes `folder` and all in it; not there is success. `aside` is a folder on the same disk, made when needed, that takes
 * what lies too deep; it may be `folder`'s own parent. Throws what the disk says, and the signal's reason when that aborts.
 */
export async function removeTree(folder: string, aside: string, signal?: AbortSignal): Promise<void> {
  const status = await lstat(folder).catch(absent);
  if (status === undefined) return;
  if (!status.isDirectory()) return void (await unlink(folder).catch(absent));
  const removal = { aside, signal, moved: [] as Buffer[], serial: 0, name: `${process.pid}-${Date.now()}` };
  const roots: Buffer[] = [Buffer.from(folder)];
  for (
    let root: Buffer | undefined = roots.pop();
    root !== undefined;
    root = roots.pop() ?? removal.moved.pop()
  ) {
    await emptyAndRemove(root, removal);
  }
}

type Removal = {
  readonly aside: string;
  readonly signal: AbortSignal | undefined;
  readonly moved: Buffer[];
  serial: number;
  readonly name: string;
};

const slash = Buffer.from("/");

async function emptyAndRemove(root: Buffer, removal: Removal): Promise<void> {
  // A stack instead of recursion, each folder twice: first to empty, then to remove.
  const stack: { path: Buffer; emptied: boolean }[] = [{ path: root, emptied: false }];
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    removal.signal?.throwIfAborted();
    if (top.emptied) {
      await rmdir(top.path).catch(absent);
      continue;
    }
    const below = await unlinkFiles(top.path, removal);
    stack.push({ path: top.path, emptied: true });
    for (const path of below) {
      if (path.length > LONG_PATH_BYTES) await moveAside(path, removal);
      else stack.push({ path, emptied: false });
    }
  }
}

/** Removes what is not a folder and answers the folders. */
async function unlinkFiles(path: Buffer, removal: Removal): Promise<Buffer[]> {
  const folders: Buffer[] = [];
  const open = () => opendir(path, { encoding: "buffer" as BufferEncoding, bufferSize: 256 });
  const entries = await open().catch(async (error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    if (error.code !== "EACCES") throw error;
    await chmod(path, 0o700);
    return open();
  });
  if (entries === undefined) return folders;
  let writable = false;
  const remove = async (child: Buffer): Promise<void> => {
    try {
      await unlink(child);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOENT") return;
      if (code !== "EACCES" || writable) throw error;
      await chmod(path, 0o700);
      await unlink(child).catch(absent);
      writable = true;
    }
  };
  let pending: Promise<void>[] = [];
  for await (const entry of entries) {
    const child = Buffer.concat([path, slash, entry.name as unknown as Buffer]);
    if (entry.isDirectory()) {
      folders.push(child);
      continue;
    }
    pending.push(remove(child));
    if (pending.length < AT_ONCE) continue;
    removal.signal?.throwIfAborted();
    await Promise.all(pending);
    pending = [];
  }
  await Promise.all(pending);
  if (folders.length > 0) await chmod(path, 0o700).catch(absent);
  return folders;
}

async function moveAside(path: Buffer, removal: Removal): Promise<void> {
  await mkdir(removal.aside, { recursive: true });
  const to = Buffer.from(join(removal.aside, `deep-${removal.name}-${removal.serial++}`));
  await chmod(path, 0o700).catch(absent);
  await rename(path, to);
  removal.moved.push(to);
}

/** Swallows only "it is not there"; everything else is the caller's to know. */
function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT" && error.code !== "ENOTDIR") throw error;
  return undefined;
}

/**
 * Takes the folder out of sight in one step: it is then `name` in `trash`, which must be there. What is left of it after a
 * crash is for whoever empties the trash. Undefined when there was no such folder.
 */
export async function moveToTrash(folder: string, trash: string, name: string): Promise<string | undefined> {
  const to = join(trash, name);
  const status = await lstat(folder).catch(absent);
  if (status === undefined) return undefined;
  // To be moved into another folder, a folder must be writable itself: its `..` changes.
  if (status.isDirectory() && (status.mode & 0o700) !== 0o700) await chmod(folder, 0o700);
  await rename(folder, to);
  return to;
}
