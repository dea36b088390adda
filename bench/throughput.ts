// Many runs at once against as many bare processes, as many at a time on both sides.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { definitionOf, ended, experiment, python3, submit } from "../e2e/support/runs.ts";
import { Service } from "../e2e/support/service.ts";
import { inTurn, median, print, timed } from "./figures.ts";

/** Work that needs a core for a moment, as the start of a training script does. */
const SCRIPT = "s = 0\nfor i in range(3_000_000): s += i\nprint(s)\n";

export async function throughput(runs = 40, rounds = 3): Promise<void> {
  const atOnce = availableParallelism();
  await using service = await Service.start({ flags: ["--runs-at-once", String(atOnce)] });
  const folder = mkdtempSync(join(tmpdir(), "malachite-bench-"));
  try {
    writeFileSync(join(folder, "main.py"), SCRIPT);
    const { properties } = await ended(service, await submit(service, { files: { "main.py": SCRIPT } }));
    const definition = definitionOf({ snapshotId: properties.ContentSnapshotId });
    const byService = () =>
      timed(async () => {
        const ids = await Promise.all(
          Array.from({ length: runs }, () =>
            service.json<{ runId: string }>("POST", `/execution/v1.0${experiment()}/snapshotrun`, definition),
          ),
        );
        for (const { runId } of ids) await ended(service, runId);
      });
    const byHand = () =>
      timed(async () => {
        const left = Array.from({ length: runs }).values();
        await Promise.all(
          Array.from({ length: atOnce }, async () => {
            for (const _ of left)
              await once(spawn(python3(), ["main.py"], { cwd: folder, stdio: "ignore" }), "exit");
          }),
        );
      });
    const { a, b } = await inTurn(rounds, byService, byHand);
    print({
      figure: `${runs} runs, ${atOnce} at a time`,
      value: runs / (median(a) / 1000),
      unit: "runs/s",
      against: "bare processes",
      ratio: median(b) / median(a),
      aim: "ratio at least 0.7",
      barePerSecond: runs / (median(b) / 1000),
      rounds,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
