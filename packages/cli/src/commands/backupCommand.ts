// `malachite backup` and `malachite restore`: copies of a data folder of this machine. They ask no service, and need none.
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { UsageError } from "../errors/usageError.ts";
import type { Io } from "../io.ts";
import { localTime, size } from "../output/times.ts";
import { type StoreOptions, settingsOf, withStores } from "./stores.ts";

type Options = StoreOptions;

const dataOf = ({ data }: Options, { env, cwd }: Io): string =>
  resolve(cwd, data ?? env.MALACHITE_DATA ?? join(env.HOME ?? homedir(), ".malachite", "data"));

/** Adds the options and the action of `backup`. */
export function define(command: Command, io: Io): void {
  withStores(command)
    .argument("<folder>", "where to; made if it is new. The next backup into it copies only what is new")
    .addHelpText(
      "after",
      `
Records in PostgreSQL, with --database: each workspace is an archive then, as malachite export writes them, with its files wherever they are.

Run it as the user of the service, whose keys are in the backup too: keep it as safe as the data folder.

Examples:
  malachite backup /mnt/backup/malachite
  malachite backup /mnt/backup/malachite --data /var/lib/malachite`,
    )
    .action(async (folder: string, options: Options) => {
      const { backupData, backupStores } = await import("@malachite/server");
      const settings = await settingsOf(options, io);
      if (settings.database !== undefined) {
        const done = await told(() => backupStores(settings, resolve(io.cwd, folder)));
        await io.out(
          `All that was acknowledged by ${localTime(done.beganAt)} is in ${folder}: ${done.workspaces.length} workspaces, ${done.files} files, ${size(done.bytes)}.\n`,
        );
        return;
      }
      const { note, copied } = await told(() => backupData(dataOf(options, io), resolve(io.cwd, folder)));
      await io.out(
        `All that was acknowledged by ${localTime(note.beganAt)} is in ${folder}: ${note.files} files, ${size(note.bytes)}; new: ${copied.files} files, ${size(copied.bytes)}.\n`,
      );
      if (note.filesAt !== undefined)
        io.say(
          `Not in it: projects and files of runs, which are in ${note.filesAt}. Back that up too, after this.`,
        );
    });
}

/** Adds the options and the action of `restore`. */
export function defineRestore(command: Command, io: Io): void {
  withStores(command)
    .argument("<folder>", "the backup")
    .addHelpText(
      "after",
      `
The data folder must be new or empty. What is restored takes the place of the service it was taken from: do not run both.

Examples:
  malachite restore /mnt/backup/malachite --data /var/lib/malachite`,
    )
    .action(async (folder: string, options: Options) => {
      const { readStoresNote, restoreData, restoreStores } = await import("@malachite/server");
      const data = dataOf(options, io);
      const stores = await readStoresNote(resolve(io.cwd, folder));
      if (stores !== undefined) {
        const settings = await settingsOf({ ...options, data }, io);
        await told(() => restoreStores(resolve(io.cwd, folder), stores, settings));
        await io.out(`${data} and its stores have what there was at ${localTime(stores.beganAt)}.\n`);
        return;
      }
      const note = await told(() => restoreData(resolve(io.cwd, folder), data));
      await io.out(
        `${data} is as it was at ${localTime(note.beganAt)}. Start it with: malachite up --data ${data}${note.filesAt === undefined ? "" : ` --blobs ${note.filesAt.replace(/\/$/, "")}`}\n`,
      );
    });
}

/** What can be wrong with the folders that were named is for whoever named them. */
async function told<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const wrong = error instanceof Error && "kind" in error && error.kind === "invalid";
    throw wrong ? new UsageError(error.message, { cause: error }) : error;
  }
}
