// The server is killed with -9 while metrics, files, tags, models and environments are written at once: whatever was answered with
// success is there afterwards, once, whichever store keeps it.
import assert from "node:assert/strict";
import { it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { random } from "../support/random.ts";
import { Service, until, workspacePath } from "../support/service.ts";
import { linksTo } from "./links.ts";

const ROUNDS = 5;
const HISTORY = `/history/v1.0${workspacePath}/experiments/mixed/runs`;
const METRIC = `/metric/v2.0${workspacePath}/runs/mixed`;
const MODELS = `/modelmanagement/v1.0${workspacePath}/models`;
const ENVIRONMENTS = `/environment/v1.0${workspacePath}/environments`;
const MLFLOW = `/mlflow/v1.0${workspacePath}/api/2.0/mlflow`;

it("kill -9 amid a mixed load loses and doubles nothing", { timeout: 600_000 }, async (t) => {
  await using service = await Service.start();
  await service.json("PATCH", `${HISTORY}/mixed`, {});
  let down = false;
  let last = 0;

  /** Whether it was answered; a refusal is no answer that this load can have. */
  async function done(method: string, path: string, body: unknown): Promise<boolean> {
    let answer: Response;
    try {
      answer = await service.call(method, path, body);
      await answer.arrayBuffer();
    } catch {
      return false;
    }
    // While it starts again it says that it takes no work yet.
    assert.ok(answer.ok || answer.status === 503, `${method} ${path}: ${answer.status}`);
    return answer.ok;
  }
  async function put(url: string, body: string): Promise<boolean> {
    try {
      const answer = await fetch(url, { method: "PUT", headers: { "x-ms-blob-type": "BlockBlob" }, body });
      await answer.arrayBuffer();
      return answer.status === 201;
    } catch {
      return false;
    }
  }
  const kinds: Record<string, (n: number) => Promise<boolean>> = {
    metrics: (n) =>
      done("POST", `${METRIC}/batch`, {
        values: [
          { name: "m", columns: { m: "int" }, value: [{ metricId: `id-${n}`, step: n, data: { m: n } }] },
        ],
      }),
    mlflow: (n) =>
      done("POST", `${MLFLOW}/runs/log-batch`, {
        run_id: "mixed",
        metrics: [{ key: "f", value: n, timestamp: 1_700_000_000_000 + n, step: n }],
        params: [{ key: `p${n}`, value: String(n) }],
      }),
    tags: (n) => done("PATCH", `${HISTORY}/mixed`, { tags: { [`t${n}`]: String(n) } }),
    runs: (n) => done("PATCH", `${HISTORY}/child-${n}`, { parentRunId: "mixed" }),
    files: async (n) => {
      const [link] = await linksTo(service, "dcid.mixed", [`out/${n}.txt`]).catch(() => [undefined]);
      return link !== undefined && (await put(link, `file ${n}`));
    },
    models: (n) =>
      done("POST", MODELS, {
        name: `model-${n}`,
        url: "aml://artifact/ExperimentRun/dcid.mixed/out",
        mimeType: "application/x-python",
      }),
    environments: (n) =>
      done("PUT", `${ENVIRONMENTS}/e${n}`, { name: `e${n}`, environmentVariables: { N: String(n) } }),
  };
  /** The numbers of the writes that were answered with success, by kind. */
  const kept = Object.fromEntries(Object.keys(kinds).map((kind): [string, number[]] => [kind, []]));
  const chance = random(5);
  for (let round = 0; round < ROUNDS; round += 1) {
    down = false;
    const loops = Object.entries(kinds).map(async ([kind, write]) => {
      while (!down) {
        last += 1;
        const n = last;
        if (await write(n)) kept[kind]?.push(n);
        else if (down) return;
      }
    });
    const gotOn = until("each kind to get on", () => Object.values(kept).every((all) => all.length > round));
    await Promise.race([gotOn, Promise.all(loops)]);
    await sleep(chance() * 1200);
    down = true;
    await service.kill();
    await Promise.all(loops);
    await service.start();
  }
  t.diagnostic(
    Object.entries(kept)
      .map(([kind, all]) => `${kind} ${all.length}`)
      .join(", "),
  );
  for (const kind of Object.keys(kinds)) assert.ok((kept[kind]?.length ?? 0) >= ROUNDS, `${kind} got on`);

  /** Each that was answered is there, and none twice. */
  function assertOnce(kind: string, found: readonly number[]): void {
    assert.equal(new Set(found).size, found.length, `${kind}: something is there twice`);
    const lost = (kept[kind] ?? []).filter((n) => !found.includes(n));
    assert.deepEqual(lost, [], `${kind}: lost`);
  }
  const points: number[] = [];
  for (let continuationToken: string | null = null; ; ) {
    const page: { value: { data: { m: number } }[]; continuationToken: string | null } = await service.json(
      "POST",
      `${METRIC}/full`,
      { metricName: "m", continuationToken },
    );
    points.push(...page.value.map(({ data }) => data.m));
    continuationToken = page.continuationToken;
    if (continuationToken === null) break;
  }
  assertOnce("metrics", points);
  const history = await service.json<{ metrics: { value: number }[] }>(
    "GET",
    `${MLFLOW}/metrics/get-history?run_id=mixed&metric_key=f`,
  );
  assertOnce(
    "mlflow",
    history.metrics.map(({ value }) => value),
  );
  const seen = await service.json<{ run: { data: { params: { key: string; value: string }[] } } }>(
    "GET",
    `${MLFLOW}/runs/get?run_id=mixed`,
  );
  assertOnce(
    "mlflow",
    seen.run.data.params.map(({ key, value }) => (key === `p${value}` ? Number(value) : -1)),
  );
  const run = await service.json<{ tags: Record<string, string> }>("GET", `${HISTORY}/mixed`);
  assertOnce(
    "tags",
    Object.keys(run.tags)
      .filter((name) => /^t\d+$/.test(name))
      .map((name) => Number(name.slice(1))),
  );
  for (const n of kept.runs ?? [])
    assert.ok((await service.call("GET", `${HISTORY}/child-${n}`)).ok, `child-${n}`);
  for (const n of kept.files ?? []) {
    const file = await service.call(
      "GET",
      `/artifact/v2.0${workspacePath}/artifacts/content/ExperimentRun/dcid.mixed/out/${n}.txt`,
    );
    assert.equal(await file.text(), `file ${n}`);
  }
  for (const n of kept.models ?? []) {
    const { value } = await service.json<{ value: { version: number }[] }>(
      "GET",
      `${MODELS}?name=model-${n}`,
    );
    assert.deepEqual(
      value.map(({ version }) => version),
      [1],
      `model-${n}`,
    );
  }
  for (const n of kept.environments ?? []) {
    const found = await service.json<{ version: string }>("GET", `${ENVIRONMENTS}/e${n}`);
    assert.equal(found.version, "1", `e${n}`);
  }
});
