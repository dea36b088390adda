// From the request to the first line of user code, against the same script started by hand.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { definitionOf, ended, python3, submit } from "../e2e/support/runs.ts";
import { Service } from "../e2e/support/service.ts";
import { inTurn, median, print, quantile } from "./figures.ts";
import { firstLine, msOf, SCRIPT, wallMs } from "./firstLine.ts";

export async function startLatency(rounds = 30): Promise<void> {
  await using service = await Service.start();
  const folder = mkdtempSync(join(tmpdir(), "malachite-bench-"));
  try {
    writeFileSync(join(folder, "main.py"), SCRIPT);
    const first = await submit(service, { files: { "main.py": SCRIPT } });
    const { properties } = await ended(service, first);
    const definition = definitionOf({ snapshotId: properties.ContentSnapshotId });
    const byService = () => firstLine(service, definition);
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
