// Which files and folders a piece of work has the system make durable, as Node's file handles are asked for it. Linux tells their paths.
import { readlinkSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { relative } from "node:path";

export type Synced = {
  /** Inside the folder; empty for that itself. */
  readonly path: string;
  /** What `look` said just before. */
  readonly saw: boolean;
};

/** In order. */
export async function syncedIn(
  root: string,
  work: () => Promise<unknown>,
  look: () => boolean = () => false,
): Promise<readonly Synced[]> {
  const synced: Synced[] = [];
  const some = await open(root);
  const handles = Object.getPrototypeOf(some) as Pick<FileHandle, "sync" | "datasync">;
  await some.close();
  const { sync, datasync } = handles;
  const noting = (asked: () => Promise<void>) =>
    function (this: FileHandle): Promise<void> {
      const path = relative(root, readlinkSync(`/proc/self/fd/${this.fd}`));
      if (!path.startsWith("..")) synced.push({ path, saw: look() });
      return asked.call(this);
    };
  Object.assign(handles, { sync: noting(sync), datasync: noting(datasync) });
  try {
    await work();
  } finally {
    Object.assign(handles, { sync, datasync });
  }
  return synced;
}
