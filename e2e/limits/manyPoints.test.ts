// A metric of a million points in one request, and read back by both worlds, by a service whose heap is far too small to hold it.
import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { it } from "node:test";
import { ask, HealthWatch, peakBytes } from "../support/hostile.ts";
import { MALACHITE, Service, SOURCE, workspacePath } from "../support/service.ts";

const MIB = 1024 * 1024;
const POINTS = 1_000_000;
/** Of every thread of its own. */
const HEAP = "--max-old-space-size=96";
const mlflow = (call: string) => `/mlflow/v1.0${workspacePath}/api/2.0/mlflow/${call}`;

it("takes and gives a metric of a million points within a heap of 96 MiB", {
  timeout: 600_000,
}, async (t) => {
  await using service = await Service.start({ program: [HEAP, ...SOURCE, MALACHITE, "up"] });
  const watch = new HealthWatch(service);
  const run = `/history/v1.0${workspacePath}/experiments/points/runs/points`;
  await service.json("PATCH", run, {});
  const metric = `/metric/v2.0${workspacePath}/runs/points`;
  const pid = service.pid ?? 0;
  const before = peakBytes(pid);
  const at = performance.now();
  const headers = { authorization: "Bearer dev", "content-type": "application/json" };
  const posted = await fetch(`${service.url}${metric}/batch`, {
    method: "POST",
    headers,
    body: Readable.toWeb(Readable.from(millionPoints())) as never,
    duplex: "half",
  } as RequestInit);
  assert.deepEqual([posted.status, await posted.text()], [200, '{"errors":[]}']);
  const written = peakBytes(pid);
  t.diagnostic(`${((performance.now() - at) / 1000).toFixed(1)} s to write`);

  let count = 0;
  for (let token: string | null = null; ; ) {
    const body = { metricName: "loss", continuationToken: token };
    const page: { value: { data: { loss: number } }[]; continuationToken: string | null } = JSON.parse(
      (await ask(service, "POST", `${metric}/full`, JSON.stringify(body))).text,
    );
    for (const { data } of page.value) if (data.loss !== count++) assert.fail(`${data.loss} at ${count - 1}`);
    token = page.continuationToken;
    if (token === null) break;
  }
  assert.equal(count, POINTS);
  const history = await fetch(
    `${service.url}${mlflow("metrics/get-history")}?run_id=points&metric_key=loss`,
    { headers },
  );
  let values = 0;
  for await (const chunk of history.body ?? []) for (const byte of chunk) if (byte === 0x7b) values += 1;
  assert.equal(values - 1, POINTS);
  const most = peakBytes(pid);
  const mib = (bytes: number) => `${(bytes / MIB).toFixed(0)} MiB`;
  t.diagnostic(`${mib(before)} before, ${mib(written)} with the writing, ${mib(most)} with the reading`);
  assert.ok(most - before < 400 * MIB, `${mib(most - before)} more`);
  t.diagnostic(await watch.end());
});

function* millionPoints(): Generator<string> {
  yield '{"values":[{"name":"loss","columns":{"loss":"double"},"value":[';
  for (let n = 0; n < POINTS; n += 1000) {
    const some = Array.from({ length: 1000 }, (_, i) => {
      const at = new Date(1_700_000_000_000 + n + i).toISOString();
      return `{"metricId":"${n + i}","createdUtc":"${at}","step":${n + i},"data":{"loss":${n + i}}}`;
    });
    yield (n === 0 ? "" : ",") + some.join(",");
  }
  yield ']}],"reportErrors":true}';
}
