// A program that exports, imports, backs up or restores once, and stands still at a place that it is told, so that it can be killed there.
import { writeSync } from "node:fs";
import { MOVED_SCOPE, placeOf } from "../../../conformance/movedWorkspace.ts";
import { Importing } from "../../adapters/records/shared/moving/recordsIn.ts";
import { backupStores, readStoresNote } from "../../backup/backupStores.ts";
import { restoreStores } from "../../backup/restoreStores.ts";
import { exportWorkspace } from "../exportWorkspace.ts";
import { importWorkspace } from "../importWorkspace.ts";
import { FilesIn } from "../landFiles.ts";
import type { Work } from "./killedAt.ts";

const [place, what, data = "", database = "", file = "", blobs = ""] = process.argv.slice(2);
const settings = { ...placeOf(data, database === "" ? {} : { database }), blobs: JSON.parse(blobs) };

/** Says so, and never goes on. Synchronous: what comes next is not done. */
function stand(here: string): void {
  if (here !== place) return;
  writeSync(1, `at ${here}\n`);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

/** Halts after the `nth` call of a method. */
function haltAfter<T extends object>(of: T, method: keyof T, here: string, nth: number): void {
  const before = of[method] as (...args: unknown[]) => Promise<unknown>;
  let calls = 0;
  of[method] = async function (this: T, ...args: unknown[]) {
    const done = await before.apply(this, args);
    calls += 1;
    if (calls === nth) stand(here);
    return done;
  } as T[keyof T];
}

haltAfter(Importing, "begin", "begun", 1);
haltAfter(Importing.prototype, "add", "rows", 4);
haltAfter(FilesIn.prototype, "add", "files", 9);
haltAfter(Importing.prototype, "endUnfinished", "last", 1);
/** What was told of several times is a place each: `workspace 2`. */
const times = new Map<string, number>();
const told = (here: string): void => {
  const n = (times.get(here) ?? 0) + 1;
  times.set(here, n);
  stand(`told ${here} ${n}`);
};

const WORKS: Readonly<Record<Work, () => Promise<unknown>>> = {
  export: () =>
    exportWorkspace({
      settings,
      workspace: MOVED_SCOPE,
      file,
      told: (here, done) => {
        if (done >= 3) stand(here);
      },
    }),
  import: () => importWorkspace({ settings, file, leaveSecrets: true }),
  backup: () => backupStores(settings, file, told),
  restore: async () => {
    const note = await readStoresNote(file);
    if (note === undefined) throw new Error("There is no note.");
    await restoreStores(file, note, settings, told);
  },
};
await WORKS[what as Work]();
