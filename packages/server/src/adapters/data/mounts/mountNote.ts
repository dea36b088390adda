// What is written down of a mount, in its folder: enough to know it again after a crash. No keys.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { hasCode, writeFileAtomic } from "../../../files/index.ts";

/** Who serves a mount: a pid with the time it started and the boot it belongs to. */
export type Holder = { readonly pid: number; readonly startTime: string; readonly boot: string };

export type MountNote = {
  readonly version: 1;
  /** The bucket or container, and the path in it. */
  readonly root: readonly string[];
  /** The name of the one file that is shown of it. */
  readonly file?: string;
  readonly readOnly: boolean;
  /** Absent until it was started. */
  readonly holder?: Holder;
  /** `leaving`: it was asked to close all and end; `forced`: it did not, and was killed; `died`: it ended by itself. */
  readonly end?: "leaving" | "forced" | "died";
};

const NAME = "note.json";

export const writeNote = (folder: string, note: MountNote): Promise<void> =>
  writeFileAtomic(join(folder, NAME), JSON.stringify(note), 0o600);

/** Undefined where no mount was ever begun. */
export async function readNote(folder: string): Promise<MountNote | undefined> {
  try {
    return JSON.parse(await readFile(join(folder, NAME), "utf8")) as MountNote;
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}
