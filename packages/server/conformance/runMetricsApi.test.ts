// The older metric API over HTTP on a real store: what is written by one API is read by the other.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { dataOf, innermost, MetricsBench, scalar, uuid, WS } from "./metricsBench.ts";

describe("the older metric API", () => {
  let bench: MetricsBench;
  before(async () => {
    bench = await MetricsBench.open();
  });
  after(() => bench[Symbol.asyncDispose]());
  const ask: MetricsBench["ask"] = (...args) => bench.ask(...args);
  const start = () => bench.start();

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
});
