// Has moveOnce go to a place, and kills it there.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import type { Settings } from "../../settings.ts";

const ENTRY = new URL("./moveOnce.ts", import.meta.url);

export type Work = "export" | "import" | "backup" | "restore";

/** `file`: the archive, or the folder of the backup. */
export async function killedAt(place: string, work: Work, settings: Settings, file: string): Promise<void> {
  const { data, database = "", blobs } = settings;
  const child = spawn(
    process.execPath,
    [
      ...process.execArgv,
      "--conditions=malachite-src",
      "--disable-warning=ExperimentalWarning",
      ENTRY.pathname,
      place,
      work,
      data,
      database,
      file,
      JSON.stringify(blobs),
    ],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (said += String(text)));
  for (const end = Date.now() + 180_000; !said.includes(`at ${place}\n`); await pause(10)) {
    assert.equal(child.exitCode, null, `${place}: ${said}`);
    assert.ok(Date.now() < end, `${place}: ${said}`);
  }
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}
