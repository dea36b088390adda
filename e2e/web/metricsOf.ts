// Metrics for tests of the pages: logged over the wire, as the SDK does it.
import { type Service, workspacePath } from "../support/service.ts";

/** Runs have logged since then, a value each second. */
const BEGAN = Date.UTC(2026, 0, 5, 9, 0, 0);
const PART = 20_000;

/** Makes a run that logs from elsewhere. */
export async function makeRun(
  service: Service,
  runId: string,
  more: Record<string, unknown> = {},
): Promise<void> {
  await service.json("PATCH", `/history/v1.0${workspacePath}/experiments/plots/runs/${runId}`, {
    displayName: runId,
    ...more,
  });
}

type Cells = Readonly<Record<string, unknown>>;
export type Kind = { readonly type?: string; readonly columns?: Readonly<Record<string, string>> };

/** Logs rows of cells. */
export async function logRows(
  service: Service,
  runId: string,
  name: string,
  rows: readonly Cells[],
  { type = "azureml.v1.scalar", columns = { [name]: "double" } }: Kind = {},
  from = 0,
): Promise<void> {
  for (let at = 0; at < rows.length; at += PART) {
    const value = rows.slice(at, at + PART).map((data, i) => ({
      metricId: `${name}-${from + at + i}`,
      createdUtc: new Date(BEGAN + (from + at + i) * 1000).toISOString(),
      ...(type === "azureml.v1.scalar" ? { step: from + at + i } : {}),
      data,
    }));
    const values = [{ name, columns, properties: { uxMetricType: type }, value }];
    await service.json("POST", `/metric/v2.0${workspacePath}/runs/${runId}/batch`, {
      values,
      reportErrors: true,
    });
  }
}

/** Logs numbers, one a step. */
export const logValues = (
  service: Service,
  runId: string,
  name: string,
  values: readonly number[],
  from = 0,
) =>
  logRows(
    service,
    runId,
    name,
    values.map((value) => ({ [name]: Number.isFinite(value) ? value : String(value) })),
    {},
    from,
  );

/** Uploads a file of the run and logs a metric that names it. */
export async function logFile(
  service: Service,
  runId: string,
  name: string,
  type: string,
  content: string | Uint8Array<ArrayBuffer>,
): Promise<void> {
  const path = `/artifact/v2.0${workspacePath}/artifacts/content/ExperimentRun/dcid.${runId}/${name}`;
  const headers = { authorization: "Bearer dev", "content-type": "application/octet-stream" };
  const answer = await fetch(`${service.url}${path}`, { method: "POST", body: content, headers });
  if (!answer.ok) throw new Error(`${path} → ${answer.status} ${await answer.text()}`);
  const cell = `aml://artifactId/ExperimentRun/dcid.${runId}/${name}`;
  await logRows(service, runId, name, [{ [name]: cell }], { type, columns: { [name]: "Artifact" } });
}
