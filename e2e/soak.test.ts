// The server is killed at random while runs are submitted and cancelled. At the end: none lost, none started twice, no process
// left, every log the same bytes as a plain run of the script.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { checkHistory } from "@malachite/server/conformance";
import { cancel, ended, fileOf, processesOf, python3, story, submit } from "./support/runs.ts";
import { Service } from "./support/service.ts";

const SECONDS = Number(process.env.SOAK_SECONDS ?? 30);
const SEED = Number(process.env.SOAK_SEED ?? Date.now() % 100_000);

const SCRIPT = `
import os, sys, time
with open(os.path.join(os.environ["WITNESS"], os.environ["NAME"]), "a") as witness: witness.write("begun\\n")
n = int(sys.argv[1])
for i in range(n):
    os.write(1, b"%d %s\\n" % (i, bytes(range(1, 256)).replace(b"\\n", b"")))
    time.sleep(0.005)
sys.exit(n % 3)
`;

/** Small, seeded: a failed soak can be run again as it was. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

it(`a server that is killed at random for ${SECONDS} s loses nothing (SOAK_SEED=${SEED})`, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "malachite-soak-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const chance = random(SEED);
  const begun = performance.now();
  const service = await Service.start({ flags: ["--grace-seconds", "1", "--runs-at-once", "4"] });
  t.after(() => service[Symbol.asyncDispose]());
  // Each server lives for a part of the time that it takes to start: on a busy machine too, something is done between two kills.
  const startMs = performance.now() - begun;
  const end = Date.now() + SECONDS * 1000;
  const runs: { id: string; lines: number; cancelled: boolean }[] = [];
  let kills = 0;
  const goesOn = () => Date.now() < end || runs.length < 6 || kills < 4;

  const killer = async () => {
    while (goesOn()) {
      await sleep((0.1 + chance() * 0.6) * startMs);
      await service.kill();
      kills++;
      await service.start();
    }
  };
  const submitter = async (name: string) => {
    for (let i = 0; goesOn(); i++) {
      const run = {
        id: `soak_${name}_${i}`,
        lines: 5 + Math.floor(chance() * 60),
        cancelled: chance() < 0.25,
      };
      const ask = {
        files: { "main.py": SCRIPT },
        runId: run.id,
        configuration: {
          arguments: [String(run.lines)],
          environment: { environmentVariables: { WITNESS: folder, NAME: run.id } },
        },
      };
      // A submission is repeated until it is answered: the same id never starts twice.
      while (
        !(await submit(service, ask).then(
          () => true,
          () => false,
        ))
      )
        await sleep(50);
      runs.push(run);
      if (run.cancelled)
        while (
          !(await cancel(service, run.id).then(
            () => true,
            () => false,
          ))
        )
          await sleep(50);
      await sleep(chance() * 200);
    }
  };
  await Promise.all([killer(), submitter("a"), submitter("b")]);

  writeFileSync(join(folder, "main.py"), SCRIPT);
  for (const run of runs) {
    const { status } = await ended(service, run.id);
    const witness = existsSync(join(folder, run.id)) ? readFileSync(join(folder, run.id), "utf8") : "";
    const context = `${run.id}: ${status}, begun ${JSON.stringify(witness)}`;
    assert.ok(
      witness === "begun\n" || (witness === "" && status === "Canceled"),
      `started at most once; ${context}`,
    );
    const entries = await story(service, run.id);
    assert.deepEqual(checkHistory(entries), [], `its history; ${context} ${JSON.stringify(entries)}`);
    assert.deepEqual(processesOf(run.id), [], `nothing left; ${context}`);
    if (status === "Canceled") {
      assert.ok(run.cancelled, `canceled only on request; ${context}`);
      continue;
    }
    assert.equal(status, run.lines % 3 === 0 ? "Completed" : "Failed", context);
    const plain = join(folder, `plain-${run.id}`);
    execFileSync("sh", ["-c", `"$0" main.py "$1" >"$2" 2>&1 || true`, python3(), String(run.lines), plain], {
      cwd: folder,
      env: { WITNESS: folder, NAME: "plain" },
    });
    assert.ok((await fileOf(service, run.id)).equals(readFileSync(plain)), `the log of ${context}`);
  }
  t.diagnostic(`${runs.length} runs, ${kills} kills`);
});
