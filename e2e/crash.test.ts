// The server is killed with -9 at each step of the way of a run, started again, and every run ends in the truth: once, with all
// of its log and outputs, and with nothing left running.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { checkHistory } from "@malachite/server/conformance";
import { cancel, ended, fileOf, processesOf, story, submit } from "./support/runs.ts";
import { Service, SOURCE, until } from "./support/service.ts";

const FAULTY = [...SOURCE, fileURLToPath(new URL("./support/faultyService.ts", import.meta.url))];

/** Says once that it has begun, prints lines for a while, leaves an output. */
const SCRIPT = `
import os, sys, time
with open(os.environ["WITNESS"], "a") as witness: witness.write("begun\\n")
for i in range(30):
    print("line", i, flush=True)
    time.sleep(0.02)
open("outputs/result.txt", "w").write("42")
`;
/** Has printed all that it ever will once it says that it has begun. */
const SLEEPS = `
import os, time
print("up", flush=True)
with open(os.environ["WITNESS"], "a") as witness: witness.write("begun\\n")
time.sleep(600)
`;
const LOG = Array.from({ length: 30 }, (_, i) => `line ${i}\n`).join("");

const SURVIVED = [
  "before:keepZip",
  "after:keepZip",
  "before:create",
  "after:create",
  "before:claimQueued#3",
  "after:claimQueued#3",
  "before:apply:Starting",
  "after:apply:Starting",
  "before:apply:Queued",
  "after:apply:Queued",
  "before:launch",
  "after:launch",
  "after:apply:Queued#2",
  "before:apply:Running",
  "after:apply:Running",
  "before:apply:Finalizing",
  "after:apply:Finalizing",
  "before:put",
  "after:put",
  "after:put#2",
  "before:apply:Completed",
  "after:apply:Completed",
  "before:release",
  "after:release",
  "before:letGo",
];
const CANCELED = [
  "before:apply:CancelRequested",
  "after:apply:CancelRequested",
  "before:stop",
  "after:stop",
  "before:apply:Canceled",
  "after:apply:Canceled",
  "before:release",
];

describe("kill -9 of the server at each step", { concurrency: 3 }, () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "malachite-crash-"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  async function crashAt(
    fault: string,
    script: string,
    then: (service: Service, runId: string, witness: string) => Promise<void>,
  ): Promise<{ service: Service; runId: string; witness: string }> {
    const witness = join(folder, `${fault.replaceAll(/\W/g, "_")}-${Math.random().toString(36).slice(2)}`);
    const service = await Service.start({
      program: FAULTY,
      env: { FAULT: fault },
      flags: ["--grace-seconds", "1"],
    });
    const runId = `crash_${Math.random().toString(36).slice(2)}`;
    const ask = {
      files: { "main.py": script },
      runId,
      configuration: { environment: { environmentVariables: { WITNESS: witness } } },
    };
    const answered = await submit(service, ask).then(
      () => true,
      () => false,
    );
    if (answered) await then(service, runId, witness);
    await service.died();
    await service.start({ flags: ["--grace-seconds", "1"], program: undefined });
    // What was not answered is sent again, with the same id: it must not start twice.
    if (!answered) await submit(service, ask);
    return { service, runId, witness };
  }

  async function hasEndedOnce(service: Service, runId: string): Promise<void> {
    const entries = await story(service, runId);
    const ends = entries.filter(
      (entry) => ["Completed", "Failed", "Canceled"].includes(entry.status) && entry.event !== "released",
    );
    assert.equal(ends.length, 1, JSON.stringify(entries));
    assert.deepEqual(checkHistory(entries), [], JSON.stringify(entries));
    await until("the run's processes to be gone", () => processesOf(runId).length === 0);
    await until("the run's folder to be freed", () =>
      readdirSync(join(service.data, "runs")).every((name) => name.startsWith(".")),
    );
  }

  for (const fault of SURVIVED) {
    it(`${fault}: the run completes, having begun once`, async () => {
      const { service, runId, witness } = await crashAt(fault, SCRIPT, async () => {});
      await using _ = service;
      const run = await ended(service, runId);
      assert.equal(run.status, "Completed", JSON.stringify(run));
      assert.equal(readFileSync(witness, "utf8"), "begun\n");
      assert.equal((await fileOf(service, runId)).toString(), LOG);
      assert.equal((await fileOf(service, runId, "outputs/result.txt")).toString(), "42");
      await hasEndedOnce(service, runId);
    });
  }

  for (const fault of CANCELED) {
    it(`${fault}: the canceled run is Canceled and its tree is gone`, async () => {
      const { service, runId, witness } = await crashAt(fault, SLEEPS, async (first, id, begun) => {
        await until("the script to begin", () => existsSync(begun) && readFileSync(begun, "utf8") !== "");
        // The server may die before it answers.
        await cancel(first, id).catch(() => undefined);
      });
      await using _ = service;
      // A wish that was not recorded before the crash was not answered either: the client says it again.
      await cancel(service, runId);
      const run = await ended(service, runId);
      assert.equal(run.status, "Canceled", JSON.stringify(run));
      assert.equal(readFileSync(witness, "utf8"), "begun\n");
      assert.equal((await fileOf(service, runId)).toString(), "up\n");
      await hasEndedOnce(service, runId);
    });
  }
});
