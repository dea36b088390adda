// How lists are asked for, and how they go on.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RUN_FIELDS } from "@malachite/core";
import fc from "fast-check";
import { pathOf, tokenOf } from "./continuation.ts";
import { pageByBody, pageByQuery } from "./paging.ts";
import { codeOf, DEV, JSON_DEV, testEdge } from "./testing/edge.ts";
import { testRun, WORKSPACE } from "./testing/flow.ts";

describe("a page", () => {
  it("has 100 values when nobody says, and never more than 1,000", () => {
    assert.equal(pageByBody({}, RUN_FIELDS).limit, 100);
    assert.equal(pageByBody({ top: 7 }, RUN_FIELDS).limit, 7);
    assert.equal(pageByBody({ top: 2_000_000 }, RUN_FIELDS).limit, 1000);
  });
  it("goes on after its token, and an empty one is none", () => {
    assert.equal(pageByBody({ continuationToken: "t" }, RUN_FIELDS).after, "t");
    assert.equal("after" in pageByBody({ continuationToken: "" }, RUN_FIELDS), false);
  });
  it("is ordered as it is said, $sortorder holding for what does not say it itself", () => {
    const orders = (query: Parameters<typeof pageByQuery>[0]) =>
      pageByQuery(query, RUN_FIELDS).order?.map(({ field, descending }) => [
        "name" in field && field.name,
        descending,
      ]);
    assert.deepEqual(orders({ $orderby: ["StartTimeUtc desc", "runId"] }), [
      ["starttimeutc", true],
      ["runid", false],
    ]);
    assert.deepEqual(orders({ $orderby: ["StartTimeUtc,runId asc"], $sortorder: "Desc" }), [
      ["starttimeutc", true],
      ["runid", false],
    ]);
    assert.equal(orders({ $sortorder: "Desc" }), undefined);
  });
  it("is refused for a filter that is not understood", async () => {
    await using edge = await testEdge();
    const url = `/history/v1.0${WORKSPACE}/runs:query`;
    const answer = await edge.app.inject({
      method: "POST",
      url,
      headers: JSON_DEV,
      payload: { filter: "status eq" },
    });
    assert.equal(answer.statusCode, 400);
    assert.equal(codeOf(answer.body), "BadFilter");
  });
});

describe("lists over HTTP", () => {
  const children = `/history/v1.0${WORKSPACE}/experiments/exp/runs/a/children`;
  it("pass on what was asked, in any case of the names", async () => {
    await using edge = await testEdge();
    const url = `${children}?$TOP=5&$OrderBy=StartTimeUtc%20desc&$orderby=runId&$continuationToken=t&$filter=status%20eq%20'Running'`;
    // A name that is given in two spellings is one name too many.
    assert.equal((await edge.app.inject({ url, headers: DEV })).statusCode, 400);
    const once = url.replace("&$orderby=runId", "");
    assert.equal((await edge.app.inject({ url: once, headers: DEV })).statusCode, 200);
    const [address, ask] = edge.flow.calls[0]?.args ?? [];
    assert.equal((address as { runId: string } | undefined)?.runId, "a");
    const { limit, after } = ask as { limit: number; after: string };
    assert.deepEqual({ limit, after }, { limit: 5, after: "t" });
  });
  it("take $orderby more than once", async () => {
    await using edge = await testEdge();
    const url = `${children}?$orderby=StartTimeUtc%20desc&$orderby=runId`;
    await edge.app.inject({ url, headers: DEV });
    assert.equal((edge.flow.calls[0]?.args[1] as { order: unknown[] } | undefined)?.order.length, 2);
  });
  it("tell how to go on, with a link that keeps what was asked", async () => {
    await using edge = await testEdge();
    edge.flow.on("listChildren", async () => ({
      values: [{ run: testRun("b"), status: "Running" }],
      next: "t+/=2",
    }));
    const url = `${children}?$top=1&$continuationtoken=t1`;
    const page = (await edge.app.inject({ url, headers: { ...DEV, host: "localhost:7464" } })).json();
    assert.equal(page.value[0].runId, "b");
    assert.equal(page.continuationToken, "t+/=2");
    const next = new URL(page.nextLink);
    assert.equal(next.host, "localhost:7464");
    assert.equal(next.searchParams.get("$continuationtoken"), "t+/=2");
    assert.equal(next.searchParams.get("$top"), "1");
    assert.equal((await edge.app.inject({ url: page.nextLink, headers: DEV })).statusCode, 200);
  });
  it("end without a token and without a link", async () => {
    await using edge = await testEdge();
    const page = (await edge.app.inject({ url: children, headers: DEV })).json();
    assert.deepEqual(page, { value: [] });
  });
  it("count all pages when they are asked to", async () => {
    await using edge = await testEdge();
    const values = [{ run: testRun("b"), status: "Running" as const }];
    edge.flow.on("listChildren", async (_address, { after }) =>
      after === "2" ? { values } : { values, next: after ? "2" : "1" },
    );
    assert.equal((await edge.app.inject({ url: `${children}?$count=true`, headers: DEV })).json().count, 3);
  });
  it("of experiments show what the view says", async () => {
    await using edge = await testEdge();
    const ask = async (payload: object) => {
      const url = `/history/v1.0${WORKSPACE}/experiments:query`;
      const { statusCode } = await edge.app.inject({ method: "POST", url, headers: JSON_DEV, payload });
      const asked = edge.flow.calls.at(-1)?.args[1] as { view: string } | undefined;
      return statusCode === 200 ? asked?.view : statusCode;
    };
    assert.equal(await ask({}), "All");
    assert.equal(await ask({ viewType: "activeonly" }), "ActiveOnly");
    assert.equal(await ask({ viewType: "Default" }), "ActiveOnly");
    assert.equal(await ask({ viewType: "ArchivedOnly" }), "ArchivedOnly");
    assert.equal(await ask({ viewType: "x" }), 400);
  });
});

describe("tokens of file lists", () => {
  it("hold any path", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (path) => {
        const whole = path.toWellFormed();
        assert.equal(pathOf(tokenOf(whole)), whole);
      }),
    );
  });
  it("that are not ours are refused", () => {
    for (const token of ["x", "MTph!", "2:a", Buffer.from("2:a").toString("base64url"), `${tokenOf("a")}=`]) {
      assert.throws(() => pathOf(token), { code: "BadContinuationToken" });
    }
  });
});
