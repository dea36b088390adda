// From the request to the first line of user code on Slurm, against plain sbatch of the same script in the same Slurm.
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { startSlurm, withoutSlurm } from "@malachite/server/conformance";
import { definitionOf, ended, python3, submit } from "../e2e/support/runs.ts";
import { Service } from "../e2e/support/service.ts";
import { inTurn, median, print, quantile } from "./figures.ts";
import { firstLine, msOf, SCRIPT, wallMs } from "./firstLine.ts";

const run = promisify(execFile);

export async function slurm(rounds = 15): Promise<void> {
  const reason = withoutSlurm();
  if (reason !== undefined) return void process.stderr.write(`slurm: ${reason}.\n`);
  await using engine = await startSlurm();
  const folder = mkdtempSync(join(tmpdir(), "malachite-bench-"));
  try {
    const settings = join(folder, "settings.yaml");
    writeFileSync(settings, JSON.stringify({ target: { lab: { kind: "slurm", conf: engine.conf } } }));
    writeFileSync(join(folder, "main.py"), SCRIPT);
    await using service = await Service.start({ flags: ["--settings", settings] });
    const first = await submit(service, { files: { "main.py": SCRIPT }, configuration: { target: "lab" } });
    const { properties } = await ended(service, first);
    const definition = definitionOf({ snapshotId: properties.ContentSnapshotId }, { target: "lab" });
    const byService = async () => (await firstLine(service, definition)).line;
    const job = join(folder, "job.sh");
    writeFileSync(job, `#!/bin/sh\nexec ${python3()} ${join(folder, "main.py")}\n`);
    const bySbatch = async (round: number) => {
      const output = join(folder, `out-${round}`);
      const begun = wallMs();
      await run("sbatch", ["--output", output, job], { env: { ...process.env, SLURM_CONF: engine.conf } });
      while (!existsSync(output) || readFileSync(output).length === 0) await pause(5);
      return msOf(readFileSync(output, "utf8")) - begun;
    };
    const { a, b } = await inTurn(rounds, byService, bySbatch);
    print({
      figure: "submit to first line of user code on Slurm, above plain sbatch",
      value: median(a) - median(b),
      unit: "ms",
      against: "sbatch job.sh",
      ratio: median(a) / median(b),
      aim: "at most 100 ms and 10 % above",
      p50Ms: median(a),
      p95Ms: quantile(a, 0.95),
      plainP50Ms: median(b),
      plainP95Ms: quantile(b, 0.95),
      rounds,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
