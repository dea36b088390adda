// From the request to the first line of user code, against the same script started by hand.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { definitionOf, ended, experiment, fileOf, python3, submit } from "../e2e/support/runs.ts";
import { Service } from "../e2e/support/service.ts";
import { inTurn, median, print, quantile } from "./figures.ts";

/** Says on the wall clock, in nanoseconds, when its first line ran. */
const SCRIPT = "import time\nprint(time.time_ns(), flush=True)\n";
const wallMs = () => performance.timeOrigin + performance.now();
const msOf = (text: string) => Number(BigInt(text.trim()) / 1000n) / 1000;

export async function startLatency(rounds = 30): Promise<void> {
  await using service = await Service.start();
  const folder = mkdtempSync(join(tmpdir(), "malachite-bench-"));
  try {
    writeFileSync(join(folder, "main.py"), SCRIPT);
    const first = await submit(service, { files: { "main.py": SCRIPT } });
    const { properties } = await ended(service, first);
    const definition = definitionOf({ snapshotId: properties.ContentSnapshotId });
    const byService = async () => {
      const begun = wallMs();
      const { runId } = await service.json<{ runId: string }>(
        "POST",
        `/execution/v1.0${experiment()}/snapshotrun`,
        definition,
      );
      const answered = wallMs();
      await ended(service, runId);
      return { line: msOf((await fileOf(service, runId)).toString()) - begun, answer: answered - begun };
    };
    const byHand = async () => {
      const begun = wallMs();
      const child = spawn(python3(), ["main.py"], { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
      let text = "";
      child.stdout.on("data", (chunk) => (text += chunk));
      await once(child, "close");
      return msOf(text) - begun;
    };
    const { a, b } = await inTurn(rounds, byService, byHand);
    const lines = a.map((taken) => taken.line);
    print({
      figure: "submit to first line of user code, above python3 script.py",
      value: median(lines) - median(b),
      unit: "ms",
      against: "python3 script.py",
      ratio: median(lines) / median(b),
      aim: "at most 25 ms above",
      p50Ms: median(lines),
      p95Ms: quantile(lines, 0.95),
      plainP50Ms: median(b),
      rounds,
    });
    print({
      figure: "submit answered (durable)",
      value: median(a.map((taken) => taken.answer)),
      unit: "ms",
      rounds,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
