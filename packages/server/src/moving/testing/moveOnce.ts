// A program that exports or imports once, and stands still at a place that it is told, so that it can be killed there.
import { MOVED_SCOPE, placeOf } from "../../../conformance/movedWorkspace.ts";
import { Importing } from "../../adapters/records/shared/moving/recordsIn.ts";
import { exportWorkspace } from "../exportWorkspace.ts";
import { importWorkspace } from "../importWorkspace.ts";
import { FilesIn } from "../landFiles.ts";

const [place, what, data = "", database = "", file = ""] = process.argv.slice(2);
const settings = placeOf(data, database === "" ? {} : { database });

/** Says so, and never goes on. */
function stand(here: string | undefined): Promise<void> {
  if (here !== place) return Promise.resolve();
  process.stdout.write(`at ${here}\n`);
  return new Promise(() => {});
}

/** Halts after the `nth` call of a method. */
function haltAfter<T extends object>(of: T, method: keyof T, here: string, nth: number): void {
  const before = of[method] as (...args: unknown[]) => Promise<unknown>;
  let calls = 0;
  of[method] = async function (this: T, ...args: unknown[]) {
    const done = await before.apply(this, args);
    calls += 1;
    if (calls === nth) await stand(here);
    return done;
  } as T[keyof T];
}

if (what === "export") {
  const told = (here: "records" | "files", done: number): void => {
    // Synchronous: what comes next is not done.
    if (here !== place || done < 3) return;
    process.stdout.write(`at ${here}\n`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  };
  await exportWorkspace({ settings, workspace: MOVED_SCOPE, file, told });
} else {
  haltAfter(Importing, "begin", "begun", 1);
  haltAfter(Importing.prototype, "add", "rows", 4);
  haltAfter(FilesIn.prototype, "add", "files", 9);
  haltAfter(Importing.prototype, "endUnfinished", "last", 1);
  await importWorkspace({ settings, file, leaveSecrets: true });
}
