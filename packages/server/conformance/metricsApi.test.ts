// Both metric APIs over HTTP on a real store: what is written by one is read by the other, and what is wrong is told precisely.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { FastifyInstance } from "fastify";
import { createAuth } from "../src/http/auth/auth.ts";
import { createHttpServer } from "../src/http/index.ts";
import { SCOPE, ScriptedService } from "./scriptedService.ts";

const WS = `/subscriptions/${SCOPE.subscriptionId}/resourceGroups/${SCOPE.resourceGroup}/providers/Microsoft.MachineLearningServices/workspaces/${SCOPE.workspace}`;
const JSON_DEV = { authorization: "Bearer dev", "content-type": "application/json" };
const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into, not typed.
type Answer = { readonly status: number; readonly body: any };

describe("the metric APIs", () => {
  let service: ScriptedService;
  let app: FastifyInstance;
  let runs = 0;
  const errors: unknown[] = [];

  before(async () => {
    service = await ScriptedService.start(() => ({}));
    const log = { info() {}, warn() {}, error: (_event: string, error: unknown) => void errors.push(error) };
    app = createHttpServer({
      flow: service.flow,
      auth: createAuth({ secret: new Uint8Array(32).fill(7), development: true }, service.clock),
      log,
      clock: service.clock,
      spool: () => Promise.reject(new Error("nothing is spooled here")),
      ready: () => true,
      settings: { version: "test", uploadsFolder: "/nowhere" },
    });
  });
  after(async () => {
    await app.close();
    await service[Symbol.asyncDispose]();
    assert.deepEqual(errors, []);
  });

  const ask = async (
    method: "GET" | "POST" | "PATCH" | "DELETE",
    url: string,
    payload?: unknown,
  ): Promise<Answer> => {
    const text =
      typeof payload === "string" ? payload : payload === undefined ? undefined : JSON.stringify(payload);
    const answer = await app.inject({
      method,
      url,
      headers: JSON_DEV,
      ...(text === undefined ? {} : { payload: text }),
    });
    return { status: answer.statusCode, body: answer.body === "" ? undefined : JSON.parse(answer.body) };
  };
  /** A new run, with the addresses of its metrics. */
  const start = async () => {
    const id = `run-${++runs}`;
    const made = await ask("PATCH", `/history/v1.0${WS}/experiments/e/runs/${id}`, { runId: id });
    assert.equal(made.status, 200, JSON.stringify(made.body));
    const v2 = `/metric/v2.0${WS}/runs/${id}`;
    const v1 = `/history/v1.0${WS}/experiments/e/runs/${id}`;
    return {
      id,
      v2,
      v1,
      post: (values: unknown[], reportErrors = true) => ask("POST", `${v2}/batch`, { values, reportErrors }),
      full: (metricName: string, more = {}) => ask("POST", `${v2}/full`, { metricName, ...more }),
      query: (filter: string, more = "") =>
        ask("POST", `/history/v1.0${WS}/experiments/e/metrics:query${more}`, { filter }),
    };
  };
  const scalar = (name: string, value: unknown, n = 1, more = {}) => ({
    name,
    columns: { [name]: "Double" },
    value: [{ metricId: uuid(n), createdUtc: "2026-01-02T03:04:05.678901Z", data: { [name]: value } }],
    properties: { uxMetricType: "azureml.v1.scalar" },
    ...more,
  });
  const dataOf = (answer: Answer): unknown[] => answer.body.value.map((row: { data: unknown }) => row.data);
  const innermost = ({ body }: Answer): string => body.error.innerError.innerError.code;

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

  it("show to each other what they keep", async () => {
    const run = await start();
    const schema = (...columns: [string, string][]) => ({
      numProperties: columns.length,
      properties: columns.map(([propertyId, type]) => ({ propertyId, name: "x", type })),
    });
    const old = (
      name: string,
      metricType: string,
      cells: object[],
      types: [string, string][],
      n: number,
    ) => ({
      metricId: uuid(1000 + n),
      metricType,
      createdUtc: `2026-01-01T00:00:${String(n).padStart(2, "0")}Z`,
      name,
      numCells: cells.length,
      cells,
      schema: schema(...types),
    });
    const location = "aml://artifactId/ExperimentRun/dcid.r/i.png";
    const posts = [
      old("s", "azureml.v1.scalar", [{ s: 1.5 }], [["s", "float"]], 1),
      old("l", "azureml.v1.list", [{ l: 1 }, { l: 2 }, { l: 3 }], [["l", "int"]], 2),
      old(
        "t",
        "azureml.v1.table",
        [{ a: 1 }, { a: 2 }, { b: "x" }, { b: "y" }],
        [
          ["a", "int"],
          ["b", "string"],
        ],
        3,
      ),
      {
        ...old("i", "azureml.v2.image", [{ i: null }], [["i", "none"]], 4),
        dataLocation: location,
      },
    ];
    for (const time of ["first", "again"])
      assert.deepEqual(
        await ask("POST", `${run.v1}/batch/metrics`, { values: posts }),
        { status: 200, body: undefined },
        time,
      );
    assert.equal(
      (
        await ask(
          "POST",
          `${run.v1}/metrics`,
          old("s", "azureml.v1.scalar", [{ s: 2.5 }], [["s", "float"]], 5),
        )
      ).status,
      200,
    );
    assert.deepEqual(dataOf(await run.full("s")), [{ s: 1.5 }, { s: 2.5 }]);
    assert.deepEqual(dataOf(await run.full("l")), [{ l: 1 }, { l: 2 }, { l: 3 }]);
    assert.deepEqual(dataOf(await run.full("t")), [
      { a: 1, b: "x" },
      { a: 2, b: "y" },
    ]);
    const image = await run.full("i");
    assert.deepEqual(image.body.columns, { i: "Artifact" });
    assert.deepEqual(dataOf(image), [{ i: location }]);

    const { body } = await run.query(`RunId eq ${run.id}`);
    const shown = new Map(body.value.map((one: { metricId: string }) => [one.metricId, one]));
    for (const [n, post] of posts.entries())
      assert.deepEqual((shown.get(uuid(1001 + n)) as { cells: unknown }).cells, post.cells, post.name);
    assert.equal(body.value.length, 5);
    const one = await ask("GET", `/history/v1.0${WS}/experiments/e/metrics/${uuid(1003)}`);
    assert.deepEqual(one.body.cells, posts[2]?.cells);
    assert.equal(
      innermost(await ask("GET", `/history/v1.0${WS}/experiments/e/metrics/${uuid(99)}`)),
      "MetricNotFound",
    );
    assert.equal(
      (await ask("GET", `/history/v1.0${WS}/experiments/other/metrics/${uuid(1003)}`)).status,
      404,
    );
    const merged = await run.query(`(RunId eq ${run.id} and name eq s)`, "?mergestrategytype=MergeToVector");
    assert.deepEqual(
      merged.body.value.map((value: { cells: unknown }) => value.cells),
      [[{ s: 1.5 }, { s: 2.5 }]],
    );
    assert.equal((await ask("GET", `${run.v1}/metricsingest/wait`)).status, 200);
    const bad = await ask("POST", `${run.v1}/batch/metrics`, {
      values: [
        old("n", "azureml.v1.scalar", [{ n: { deep: 1 } }], [["n", "int"]], 20),
        old("ok", "azureml.v1.scalar", [{ ok: 1 }], [["ok", "int"]], 21),
      ],
    });
    assert.equal(bad.status, 400);
    assert.match(bad.body.error.message, /'n'.*1 of 2/);
    assert.deepEqual(dataOf(await run.full("ok")), [{ ok: 1 }]);
  });

  it("list metrics of many runs in pages, by the filter as clients mean it", async () => {
    const [a, b] = [await start(), await start()];
    for (const run of [a, b])
      await run.post([
        ...Array.from({ length: 7 }, (_, i) => scalar("my loss (1)", i, 100 + i)),
        scalar("other", 1, 200, { properties: { uxMetricType: "azureml.v1.list" } }),
      ]);
    const filter = `(RunId eq ${a.id} or RunId eq ${b.id} and name eq my loss (1))`;
    const found: string[] = [];
    let continuationToken: string | undefined;
    do {
      const { status, body } = await ask("POST", `/history/v1.0${WS}/experiments/e/metrics:query`, {
        filter,
        top: 3,
        continuationToken,
      });
      assert.equal(status, 200, JSON.stringify(body));
      assert.ok(body.value.length <= 3);
      found.push(
        ...body.value.map(
          (one: { runId: string; name: string; cells: object[] }) =>
            `${one.runId} ${one.name} ${JSON.stringify(one.cells)}`,
        ),
      );
      continuationToken = body.continuationToken;
    } while (continuationToken !== undefined);
    const expected = [a, b].flatMap((run) =>
      Array.from({ length: 7 }, (_, i) => `${run.id} my loss (1) [{"my loss (1)":${i}}]`),
    );
    assert.deepEqual(found, expected);
    const lists = await a.query(`(RunId eq ${a.id} and MetricType eq azureml.v1.list)`);
    assert.deepEqual(
      lists.body.value.map((one: { name: string }) => one.name),
      ["other"],
    );
    const late = await a.query(`(RunId eq ${a.id} and CreatedUtc gt 2026-02-01T00:00:00.000000Z)`);
    assert.deepEqual(late.body.value, []);
    for (const wrong of [
      "RunId",
      "Colour eq red",
      "RunId gt x",
      `RunId eq ${a.id} or name eq x`,
      "CreatedUtc gt never",
      "RunId eq ",
    ])
      assert.equal(innermost(await a.query(wrong)), "BadFilter", wrong);
    const unknown = await ask("POST", `/history/v1.0${WS}/experiments/nothing/metrics:query`, {});
    assert.deepEqual(unknown.body.value, []);
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

  it("remove the metrics of a run", async () => {
    const run = await start();
    await run.post([scalar("m", 1)]);
    assert.deepEqual(await ask("DELETE", `${run.v2}/deleteMetrics`), { status: 200, body: undefined });
    assert.equal(innermost(await run.full("m")), "MetricNotFound");
    assert.equal((await ask("DELETE", `/metric/v2.0${WS}/runs/nobody/deleteMetrics`)).status, 404);
  });
});
