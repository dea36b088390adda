// A folder that two services use, one of which was made of an older backup: what is left of the runs that it has lost goes when they have
// ended, and what is of the other stays. The same on every engine whose targets name a folder.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { cp, mkdir, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { reached, says, submit } from "./runs.ts";
import { Service, SOURCE, until, workspacePath } from "./service.ts";

const LATER = [...SOURCE, fileURLToPath(new URL("./laterService.ts", import.meta.url))];
const WAITS =
  "import os, time\nprint('up', flush=True)\nwhile not os.path.exists('go'): time.sleep(0.1)\nprint('done')";

export type LostRecord = {
  /** The settings file, with the target in it. */
  readonly settings: string;
  /** Of the run, with its target. */
  readonly configuration: Record<string, unknown>;
  /** Where the folders of runs lie. */
  readonly runs: string;
  /** Whether the engine has a job of the launch that goes on. */
  goesOn(key: string): Promise<boolean>;
};

/** With what SQLite keeps beside them. */
async function copyRecords(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  const recordsIn = async (folder: string) =>
    (await readdir(folder)).filter((name) => name.startsWith("records.sqlite"));
  for (const name of await recordsIn(to)) await rm(join(to, name));
  for (const name of await recordsIn(from)) await cp(join(from, name), join(to, name));
}

export async function lostRecord({ settings, configuration, runs, goesOn }: LostRecord): Promise<void> {
  const flags = ["--settings", settings];
  await using ours = await Service.start({ flags, program: LATER });
  await using theirs = await Service.start({ flags });
  const start = (service: Service, runId: string) =>
    submit(service, { files: { "main.py": WAITS }, configuration, runId });
  const folderOf = (runId: string) =>
    until(`the folder of ${runId}`, async () =>
      (await readdir(runs).catch(() => [])).find((name) => name.startsWith(`${runId}-`)),
    );
  const up = (service: Service, runId: string) => says(service, runId, "up");
  const go = (name: string) => writeFile(join(runs, name, "project", "go"), "");
  const sweep = async () => {
    assert.equal((await ours.call("POST", "/malachite/v1.0/service/gc", {})).status, 200);
  };
  const is = (name: string) => existsSync(join(runs, name));

  const backup = join(ours.data, "..", "backup");
  await ours.kill("SIGTERM");
  await copyRecords(ours.data, backup);
  await ours.start();
  await Promise.all([start(ours, "lost"), start(theirs, "kept")]);
  await Promise.all([up(ours, "lost"), up(theirs, "kept")]);
  const [lost, kept] = [await folderOf("lost"), await folderOf("kept")];
  const bare = "bare-1-0123456789abcdef0123";
  await mkdir(join(runs, bare));
  await utimes(join(runs, bare), 0, 0);
  await sweep();
  assert.ok(is(lost), "its record is there");

  await ours.kill();
  await copyRecords(backup, ours.data);
  await ours.start();
  const answer = await ours.call("GET", `/malachite/v1.0${workspacePath}/runs/lost/why`);
  assert.equal(answer.status, 404, "the backup knows nothing of it");
  await sweep();
  assert.ok(is(lost) && (await goesOn(lost)), "it goes on");
  assert.match(ours.output, /launchUnknown.*lost-1-/);

  await go(lost);
  await until("its end", async () => !(await goesOn(lost)));
  await sweep();
  assert.ok(!is(lost), ours.output);
  assert.ok(is(bare) && is(kept), "what is not ours");
  await go(kept);
  await reached(theirs, "kept", "Completed");
  await until("its folder to be freed", () => !is(kept));
}
