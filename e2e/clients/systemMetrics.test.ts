// What the service measures of a run, as MLflow's own client reads it: by name, as a history, and apart from what users log.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { cancel, ended, reached, submit } from "../support/runs.ts";
import { Service, until, workspacePath } from "../support/service.ts";
import { orSkip } from "../support/tools.ts";
import { installed } from "./install.ts";
import { entryOf } from "./matrix.ts";

const READ = `
import json, sys
from mlflow.tracking import MlflowClient
client, run_id = MlflowClient(), sys.argv[1]
names = sorted(client.get_run(run_id).data.metrics)
print(json.dumps({name: [[one.step, one.value, one.timestamp] for one in client.get_metric_history(run_id, name)] for name in names}))
`;

describe("system metrics of a run for MLflow's client", { timeout: 600_000 }, () => {
  for (const client of ["mlflow-2.22", "mlflow-3.15"] as const)
    it(`${client} reads each as a history`, async (t) => {
      const python = orSkip(t, () => installed(entryOf(client)));
      if (!python) return;
      const home = mkdtempSync(join(tmpdir(), "malachite-system-"));
      await using service = await Service.start({ flags: ["--system-metrics-seconds", "1"] });
      const runId = await submit(service, { files: { "main.py": "import time\ntime.sleep(600)" } });
      await reached(service, runId, "Running");
      const env = {
        PATH: process.env.PATH,
        HOME: home,
        MLFLOW_TRACKING_URI: `${service.url}/mlflow/v1.0${workspacePath}`,
        MLFLOW_TRACKING_TOKEN: "dev",
      };
      const read = async () => {
        const { stdout } = await promisify(execFile)(python, ["-W", "ignore", "-c", READ, runId], { env });
        return JSON.parse(stdout) as Record<string, [step: number, value: number, timestamp: number][]>;
      };
      const network = "system/network_receive_megabytes";
      const all = await until(
        "two looks",
        async () => {
          const now = await read();
          return (now[network]?.length ?? 0) >= 2 ? now : undefined;
        },
        120_000,
      );
      const names = [
        "system/cpu_utilization_percentage",
        "system/system_memory_usage_megabytes",
        "system/disk_read_megabytes",
        "system/disk_available_megabytes",
        network,
        "system/network_transmit_megabytes",
      ];
      for (const name of names) {
        const rows = all[name] ?? [];
        assert.ok(rows.length >= 2, `${name}: ${JSON.stringify(all)}`);
        assert.deepEqual(
          rows.map(([step]) => step),
          rows.map(([step]) => step).toSorted((a, b) => a - b),
        );
        assert.ok(rows.every(([, value, at]) => value >= 0 && Math.abs(Date.now() - at) < 300_000));
      }
      await cancel(service, runId);
      await ended(service, runId);
      rmSync(home, { recursive: true, force: true });
    });
});
