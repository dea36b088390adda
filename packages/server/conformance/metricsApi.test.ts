// The newer metric API over HTTP on a real store: what is kept is read as it was posted, what is wrong is told precisely.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { dataOf, innermost, MetricsBench, scalar, uuid, WS } from "./metricsBench.ts";

describe("the metric API", () => {
  let bench: MetricsBench;
  before(async () => {
    bench = await MetricsBench.open();
  });
  after(() => bench[Symbol.asyncDispose]());
  const ask: MetricsBench["ask"] = (...args) => bench.ask(...args);
  const start = () => bench.start();

  it("keep values in every spelling that clients send, with microseconds and steps", async () => {
    const run = await start();
    const posted = await ask(
      "POST",
      `${run.v2}/batch`,
      `{"Values":[{"Name":"m","Columns":{"m":"DOUBLE"},"Value":[
        {"metricId":"${uuid(1)}","createdUtc":"2026-01-02T03:04:05.678902Z","step":9007199254740991,"data":{"m":NaN}},
        {"metricId":"${uuid(2)}","createdUtc":"2026-01-02T03:04:05.678901Z","step":"7","data":{"m":-Infinity}},
        {"metricId":"${uuid(3)}","createdUtc":"2026-01-02T03:04:05.678903Z","data":{"m":"1.5"}}]}],"ReportErrors":true}`,
    );
    assert.deepEqual(posted, { status: 200, body: { errors: [] } });
    const { status, body } = await run.full("m");
    assert.equal(status, 200);
    assert.deepEqual(body, {
      dataContainerId: `dcid.${run.id}`,
      name: "m",
      columns: { m: "double" },
      properties: { uxMetricType: "azureml.v1.scalar" },
      value: [
        { metricId: uuid(2), createdUtc: "2026-01-02T03:04:05.6789010Z", step: 7, data: { m: "-Infinity" } },
        {
          metricId: uuid(1),
          createdUtc: "2026-01-02T03:04:05.6789020Z",
          step: 9007199254740991,
          data: { m: "NaN" },
        },
        { metricId: uuid(3), createdUtc: "2026-01-02T03:04:05.6789030Z", data: { m: 1.5 } },
      ],
      continuationToken: null,
      nextLink: null,
    });
    for (const address of [run.v2.replace("/runs/", "/experiments/e/runs/"), run.v2])
      assert.equal((await ask("POST", `${address}/list`, {})).body.value.length, 1);
    assert.equal(
      (await ask("POST", `${run.v2.replace("/runs/", "/experiments/other/runs/")}/list`, {})).status,
      404,
    );
  });

  it("tell what they could not keep, metric by metric, and keep the rest", async () => {
    const run = await start();
    const long = "x".repeat(501);
    const answer = await run.post([
      scalar("good", 1),
      scalar("text in double", "abc"),
      scalar("unknown type", 1, 2, { columns: { "unknown type": "tensor" } }),
      scalar("object", { a: 1 }),
      scalar("date", 1, 3, { value: [{ createdUtc: "yesterday", data: { date: 1 } }] }),
      scalar("year", 1, 3, { value: [{ createdUtc: "0000-01-01T00:00:00Z", data: { year: 1 } }] }),
      scalar("step", 1, 3, { value: [{ step: 1.5, data: { step: 1 } }] }),
      scalar("huge step", 1, 3, { value: [{ step: 2 ** 60, data: { "huge step": 1 } }] }),
      scalar("id", 1, 3, { value: [{ metricId: long, data: { id: 1 } }] }),
      scalar(long, 1),
      scalar("\ud800", 1),
      scalar("", 1),
      { columns: {}, value: [] },
      7,
      null,
      scalar("empty", 1, 4, { value: [] }),
      scalar("last", 2, 5),
    ]);
    assert.equal(answer.status, 207);
    const said = answer.body.errors.map(
      (one: { metric: { name?: string }; errorResponse: { error: { message: string } } }) =>
        [one.metric.name?.slice(0, 20), one.errorResponse.error.message] as const,
    );
    assert.equal(said.length, 14, JSON.stringify(said, undefined, 1));
    for (const [name, says] of [
      ["text in double", /"abc" is no double/],
      ["unknown type", /'tensor' is no type of a column/],
      ["object", /is no double/],
      ["date", /not an RFC 3339 date/],
      ["year", /not between the years/],
      ["step", /step: Must be a whole number/],
      ["huge step", /out of range/],
      ["id", /1 to 256 characters/],
    ] as const)
      assert.match(said.find((one: readonly [string, string]) => one[0] === name)?.[1] ?? "", says, name);
    const { body } = await ask("POST", `${run.v2}/list`, {});
    assert.deepEqual(
      body.value.map((one: { metricKey: { name: string } }) => one.metricKey.name),
      ["empty", "good", "last"],
    );
    // Without the wish to be told one by one, one error names them.
    const refused = await run.post([scalar("good", 1), scalar("other", "abc", 9)], false);
    assert.equal(refused.status, 400);
    assert.equal(innermost(refused), "InvalidMetric");
    assert.match(refused.body.error.message, /'other'.*1 of 2 metrics were not kept/);
    const clash = await run.post([scalar("good", "text", 8, { columns: { good: "string" } })]);
    assert.match(clash.body.errors[0].errorResponse.error.message, /holds double, and string was given/);
    assert.deepEqual(dataOf(await run.full("good")), [{ good: 1 }]);
  });

  it("refuse bodies that are none, and answer empty ones", async () => {
    const run = await start();
    for (const [body, code] of [
      ["[]", "InvalidRequest"],
      ['{"values":{}}', "InvalidRequest"],
      ['{"values":[', "BadJson"],
      ['{"values":[NaN', "BadJson"],
      ["", "InvalidRequest"],
    ] as const) {
      const answer = await ask("POST", `${run.v2}/batch`, body);
      assert.equal(answer.status, 400, body);
      assert.equal(innermost(answer), code, body);
    }
    assert.deepEqual(await run.post([]), { status: 200, body: { errors: [] } });
    assert.equal((await ask("POST", `/metric/v2.0${WS}/runs/nobody/batch`, { values: [] })).status, 404);
    const nobody = await ask("POST", `/metric/v2.0${WS}/runs/nobody/batch`, { values: [scalar("m", 1)] });
    assert.equal(innermost(nobody), "RunNotFound");
    assert.equal(innermost(await run.full("never")), "MetricNotFound");
    assert.equal((await ask("POST", `${run.v2}/full`, {})).status, 400);
    await run.post([scalar("m", 1)]);
    assert.equal(innermost(await run.full("m", { continuationToken: "nonsense" })), "BadContinuationToken");
    assert.equal(
      innermost(await ask("POST", `${run.v2}/list`, { continuationToken: "no" })),
      "BadContinuationToken",
    );
  });

  it("give rows of a table a cell for each column, so that clients can read them", async () => {
    const run = await start();
    const row = (data: object, columns: object, n: number) => ({
      name: "t",
      columns,
      value: [{ metricId: uuid(n), createdUtc: `2026-01-01T00:00:0${n}Z`, data }],
      properties: { uxMetricType: "azureml.v1.table" },
    });
    await run.post([row({ a: 1, b: "x" }, { a: "int", b: "string" }, 1)]);
    await run.post([row({ a: 2.5, c: 1.5 }, { a: "int", c: "double" }, 2)]);
    const { body } = await run.full("t");
    assert.deepEqual(body.columns, { a: "double", b: "string", c: "double" });
    assert.deepEqual(dataOf({ status: 200, body }), [
      { a: 1, b: "x", c: "NaN" },
      { a: 2.5, b: null, c: 1.5 },
    ]);
  });

  it("page a long metric, whole and between two times", async () => {
    const run = await start();
    const at = (i: number) => new Date(Date.UTC(2026, 0, 1) + i * 1000).toISOString();
    const value = Array.from({ length: 12_345 }, (_, i) => ({ createdUtc: at(i), step: i, data: { m: i } }));
    assert.equal(
      (await run.post([{ name: "m", columns: { m: "int" }, value: value.reverse() }])).status,
      200,
    );
    const first = await run.full("m");
    assert.equal(first.body.value.length, 10_000);
    const second = await run.full("m", { continuationToken: first.body.continuationToken });
    assert.equal(second.body.continuationToken, null);
    const steps = [...first.body.value, ...second.body.value].map((row) => row.step);
    assert.deepEqual(steps, [...Array(12_345).keys()]);
    const part = await run.full("m", { startTime: at(10), endTime: at(12) });
    assert.deepEqual(dataOf(part), [{ m: 10 }, { m: 11 }, { m: 12 }]);
    const sample = await ask("POST", `${run.v2}/sample`, { metricName: "m" });
    assert.equal(sample.body.numValuesLogged, 12_345);
    assert.equal(sample.body.value.length, 500);
    assert.equal(sample.body.isPartialResult, true);
  });

  it("keep what is large: many columns, long texts, odd names", async () => {
    const run = await start();
    const name = "loss/é \u{1f600} %2F..;#?";
    const wide = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`column ${i}`, i]));
    const text = "é".repeat(1024 * 1024);
    const answer = await run.post([
      scalar(name, 1),
      {
        name: "wide",
        columns: Object.fromEntries(Object.keys(wide).map((column) => [column, "int"])),
        value: [{ data: wide }],
      },
      {
        name: "long",
        columns: { long: "string" },
        value: Array.from({ length: 6 }, (_, i) => ({ data: { long: `${i}${text}` } })),
      },
    ]);
    assert.deepEqual(answer, { status: 200, body: { errors: [] } });
    assert.deepEqual(dataOf(await run.full(name)), [{ [name]: 1 }]);
    assert.deepEqual(dataOf(await run.full("wide")), [wide]);
    let continuationToken: string | undefined;
    let read = 0;
    do {
      const { body } = await run.full("long", continuationToken ? { continuationToken } : {});
      read += body.value.length;
      continuationToken = body.continuationToken ?? undefined;
    } while (continuationToken);
    assert.equal(read, 6);
  });

  it("take a post of any length", async () => {
    const run = await start();
    const value = Array.from({ length: 40_000 }, (_, i) => ({
      metricId: uuid(i),
      createdUtc: new Date(Date.UTC(2026, 0, 1) + i).toISOString(),
      step: i,
      data: { long: i / 7 },
    }));
    const posted = await run.post([
      scalar("before", 1),
      { name: "long", columns: { long: "double" }, value, properties: { uxMetricType: "azureml.v1.list" } },
      {
        name: "bad",
        columns: { bad: "double" },
        value: value.map((row) => ({ ...row, data: { bad: "x" } })),
      },
      scalar("behind", 1),
    ]);
    assert.equal(posted.status, 207);
    assert.deepEqual(
      posted.body.errors.map((one: { metric: { name: string } }) => one.metric.name),
      ["bad"],
    );
    const sample = await ask("POST", `${run.v2}/sample`, { metricName: "long" });
    assert.equal(sample.body.numValuesLogged, 40_000);
    assert.equal(sample.body.properties.uxMetricType, "azureml.v1.list");
    const { body } = await ask("POST", `${run.v2}/list`, {});
    assert.deepEqual(
      body.value.map((one: { metricKey: { name: string } }) => one.metricKey.name),
      ["before", "behind", "long"],
    );
  });

  it("remove the metrics of a run", async () => {
    const run = await start();
    await run.post([scalar("m", 1)]);
    assert.deepEqual(await ask("DELETE", `${run.v2}/deleteMetrics`), { status: 200, body: undefined });
    assert.equal(innermost(await run.full("m")), "MetricNotFound");
    assert.equal((await ask("DELETE", `/metric/v2.0${WS}/runs/nobody/deleteMetrics`)).status, 404);
  });
});
