// A signed link opens one file for a day, and no other file, workspace, container or time.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { testClock } from "../testing/clock.ts";
import { DEV, testEdge } from "../testing/edge.ts";
import { SCOPE, testRun, WORKSPACE } from "../testing/flow.ts";
import { keyFor } from "./keys.ts";
import { createLinks, LINK_LIFETIME_MS } from "./links.ts";

const at = { scope: SCOPE, container: "dcid.a" };
const read = (url: string) => {
  const query = new URL(url).searchParams;
  const of = (name: string) => query.get(name) ?? assert.fail(name);
  return { path: of("path"), se: Number(of("se")), sp: of("sp"), sig: of("sig") };
};
const zeros = keyFor("links", new Uint8Array(32));

describe("links", () => {
  const clock = testClock();
  const links = createLinks({ key: zeros, clock });
  const link = read(links.sign("http://h", at, "logs/a b%2F&=#?.txt"));

  it("are taken as they were made", () => {
    assert.equal(link.path, "logs/a b%2F&=#?.txt");
    assert.equal(links.verify(at, link), true);
  });
  it("are not taken when anything is changed", () => {
    for (const change of [
      { path: "other" },
      { se: link.se + 1 },
      { sp: "rw" },
      { sig: "" },
      { sig: link.sig.slice(0, -2) },
      { sig: `${link.sig}AAAA` },
    ]) {
      assert.equal(links.verify(at, { ...link, ...change }), false, JSON.stringify(change));
    }
    assert.equal(links.verify({ ...at, container: "dcid.b" }, link), false);
    assert.equal(links.verify({ ...at, scope: { ...SCOPE, workspace: "other" } }, link), false);
    const other = createLinks({ key: keyFor("links", new Uint8Array(32).fill(1)), clock });
    assert.equal(other.verify(at, link), false);
  });
  it("end after their time", () => {
    const later = testClock(clock.at + LINK_LIFETIME_MS + 1000);
    assert.equal(createLinks({ key: zeros, clock: later }).verify(at, link), false);
  });
  it("are made only with a secret that is long enough", () => {
    assert.throws(() => keyFor("links", new Uint8Array(31)), RangeError);
  });
});

describe("a link of the details", () => {
  const details = `/history/v1.0${WORKSPACE}/runs/a/details`;
  const log = "user_logs/std_log.txt";

  it("is fetched without a token, and never runs in a browser", async () => {
    await using edge = await testEdge();
    edge.flow.runs.set("a", { run: testRun("a"), status: "Running" });
    edge.flow.files.set(`dcid.a/${log}`, Buffer.from("<script>alert(1)</script>"));
    const shown = await edge.app.inject({ url: details, headers: { ...DEV, host: "localhost:7464" } });
    const url = shown.json().logFiles[log];
    assert.match(url, /^http:\/\/localhost:7464\/malachite\/v1\.0\//);
    const answer = await edge.app.inject({ url });
    assert.equal(answer.statusCode, 200, answer.body);
    assert.equal(answer.body, "<script>alert(1)</script>");
    assert.equal(answer.headers["content-type"], "text/plain; charset=utf-8");
    assert.equal(answer.headers["x-content-type-options"], "nosniff");
    assert.match(String(answer.headers["content-security-policy"]), /sandbox/);
    assert.match(String(answer.headers["content-disposition"]), /^attachment/);
    assert.equal((await edge.app.inject({ url: url.replace("std_log", "std_other") })).statusCode, 403);
    edge.clock.at += LINK_LIFETIME_MS + 1000;
    assert.equal((await edge.app.inject({ url })).statusCode, 403);
  });
  it("points to the public address when there is one", async () => {
    await using edge = await testEdge({ publicUrl: "https://ml.example.com/base/" });
    edge.flow.runs.set("a", { run: testRun("a"), status: "Running" });
    const shown = await edge.app.inject({ url: details, headers: DEV });
    assert.match(shown.json().logFiles[log], /^https:\/\/ml\.example\.com\/base\/malachite\//);
  });
});
