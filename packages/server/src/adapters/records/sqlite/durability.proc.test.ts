// What was acknowledged is there after kill -9 and after a full disk, and nothing is there by half.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import type { Filter, Run } from "@malachite/core";
import { entryOf, newRun } from "../../../../conformance/recordsUnderTest.ts";
import { openSqliteRecords, type SqliteRecords } from "./sqliteRecords.ts";

const HAMMER = fileURLToPath(new URL("testing/hammer.ts", import.meta.url));
const ROUNDS = 4;
const scope = { subscriptionId: "s", resourceGroup: "g", workspace: "hammered" };

/** The whole lines that a child prints. */
class Lines {
  readonly lines: string[] = [];
  #rest = "";

  constructor(child: ChildProcess) {
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      const parts = (this.#rest + text).split("\n");
      this.#rest = parts.pop() ?? "";
      this.lines.push(...parts);
    });
  }

  saying(word: string): readonly string[] {
    return this.lines.flatMap((line) => (line.startsWith(`${word} `) ? line.slice(word.length + 1) : []));
  }
}

async function allRuns({ runs }: SqliteRecords): Promise<ReadonlyMap<string, Run>> {
  const found = new Map<string, Run>();
  let after: string | undefined;
  do {
    const page = await runs.list({ scope, limit: 1_000, after });
    for (const run of page.values) found.set(run.id, run);
    after = page.next;
  } while (after !== undefined);
  return found;
}

/** Everything that was said is there, and each run is whole: numbered, with its story, labels, body and place. */
async function assertWhole(file: string, said: Lines): Promise<void> {
  const records = await openSqliteRecords({ file });
  try {
    const all = await allRuns(records);
    for (const id of said.saying("created"))
      assert.ok(all.has(id), `${id} was acknowledged and is not there`);
    for (const id of said.saying("started")) assert.equal(all.get(id)?.life.status, "Running", id);
    for (const id of said.saying("described")) assert.equal(all.get(id)?.about.tags.step, "described", id);
    const numbers = [...all.values()].map((run) => run.number).sort((a, b) => a - b);
    assert.deepEqual(
      numbers,
      Array.from({ length: all.size }, (_, i) => i + 1),
    );
    for (const step of ["created", "described"]) {
      const filter: Filter = { op: "eq", field: { of: "tags", key: "step" }, literal: { value: step } };
      const [listed] = (await records.runs.list({ scope, filter, limit: 1 })).values;
      const has = [...all.values()].some((run) => run.about.tags.step === step);
      assert.equal(listed !== undefined, has, step);
    }
    for (const run of [...all.values()].slice(-200)) {
      const started = run.life.status === "Running";
      const story = (await records.runs.story(scope, run.id)).map(({ event }) => event);
      assert.deepEqual(story, started ? ["submitted", "started"] : ["submitted"], run.id);
      assert.ok((await records.runs.get(scope, run.id))?.definition);
    }
    const again = await records.runs.create(newRun(scope, [...all.keys()][0] ?? ""), entryOf("submitted"));
    assert.equal(again.created, false);
  } finally {
    await records.close();
  }
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    const one = (text: string) => Object.values(db.prepare(text).get() ?? {})[0];
    assert.equal(one("pragma integrity_check"), "ok");
    assert.equal(one("select count(*) from pragma_foreign_key_check"), 0);
    assert.equal(
      one("select count(*) from runs left join run_bodies on run_no = no where run_no is null"),
      0,
    );
    assert.equal(
      one("select count(*) from runs left join run_work as k on run_no = no where k.run_no is null"),
      0,
    );
    const wrong = "select count(*) from runs left join run_labels as l on run_no = no and key = 'step'";
    assert.equal(one(`${wrong} where l.value is not json_extract(about, '$.tags.step')`), 0);
  } finally {
    db.close();
  }
}

async function inFolder(work: (file: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "malachite-durability-"));
  try {
    await work(join(folder, "records.sqlite"));
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe("durability of the SQLite records", { timeout: 600_000 }, () => {
  it("keeps what it acknowledged, whenever it is killed", () =>
    inFolder(async (file) => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const child = spawn(process.execPath, ["--conditions=malachite-src", HAMMER, file, String(round)], {
          stdio: ["ignore", "pipe", "inherit"],
        });
        const said = new Lines(child);
        const closed = once(child, "close");
        const enough = 30 + round * 97;
        while (said.lines.length < enough && child.exitCode === null) await once(child.stdout, "data");
        child.kill("SIGKILL");
        await closed;
        assert.equal(child.signalCode, "SIGKILL", said.lines.at(-1));
        assert.ok(said.lines.length >= enough);
        await assertWhole(file, said);
      }
    }));

  it(
    "refuses writes when the disk is full, and goes on when there is space again",
    { skip: process.platform === "win32" },
    () =>
      inFolder(async (file) => {
        const program = `trap '' XFSZ; ulimit -f 16384; exec "$0" "$@"`;
        const child = spawn(
          "sh",
          ["-c", program, process.execPath, "--conditions=malachite-src", HAMMER, file, "full", "20000"],
          { stdio: ["ignore", "pipe", "inherit"] },
        );
        const said = new Lines(child);
        await once(child, "close");
        assert.equal(child.exitCode, 3, said.lines.at(-1));
        assert.match(
          said.lines.at(-1) ?? "",
          /^refused StorageFailed The records could not be written.*data folder/,
        );
        assert.ok(said.saying("created").length > 50);
        await assertWhole(file, said);
      }),
  );
});
