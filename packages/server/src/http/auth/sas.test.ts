// A signed link allows what it says, on what it names, until its end; and any change of it nothing.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { testClock } from "../testing/clock.ts";
import { DEV, testEdge } from "../testing/edge.ts";
import { testRun, WORKSPACE } from "../testing/flow.ts";
import { keyFor } from "./keys.ts";
import { createBlobLinks } from "./sas.ts";

const key = keyFor("blobs", new Uint8Array(32));
const clock = testClock();
const links = createBlobLinks({ key, clock });
const queryOf = (url: string) => new URL(url).searchParams;
const refused = (code = "LinkRefused", message = /./) => ({ code, message });
const at = { container: "azureml", blob: "s/rg/ws/dcid.a/outputs/m.bin" };

describe("blob links", () => {
  const url = links.link("https://127.0.0.1:7464", { ...at, permissions: "racw" });

  it("carry the account in the userinfo, and are https when they write", () => {
    assert.match(
      url,
      /^https:\/\/malachite-service\.blob\.x@127\.0\.0\.1:7464\/azureml\/s\/rg\/ws\/dcid\.a\//,
    );
    const others = [
      ["http://[::1]:7464", /^https:\/\/malachite-service\.blob\.x@\[::1\]:7464\/azureml/],
      ["http://localhost:80", /^https:\/\/malachite-service\.blob\.x@localhost\/azureml/],
      [
        "https://ml.example.com/base",
        /^https:\/\/malachite-service\.blob\.x@ml\.example\.com\/base\/azureml/,
      ],
    ] as const;
    for (const [base, shape] of others) assert.match(links.link(base, { ...at, permissions: "racw" }), shape);
  });
  it("are of the scheme of the request when they read", () => {
    assert.match(links.link("http://h:1", { ...at, permissions: "r" }), /^http:\/\/h:1\/azureml/);
    assert.match(
      links.link("https://h:1", { ...at, permissions: "r" }),
      /^https:\/\/malachite-service\.blob\.x@h:1\//,
    );
    assert.match(links.plainLink("https://h:1", { ...at, permissions: "r" }), /^https:\/\/h:1\/azureml/);
  });
  it("allow what they say, each with a writer of its own", () => {
    const granted = links.check(queryOf(url), at);
    assert.deepEqual([...granted.permissions], ["r", "a", "c", "w"]);
    const other = queryOf(links.link("https://h", { ...at, permissions: "racw" }));
    assert.notEqual(links.check(other, at).writer, granted.writer);
  });
  it("are refused when one letter of any part is changed", () => {
    const query = queryOf(url);
    for (const name of query.keys()) {
      const value = query.get(name) ?? "";
      for (const index of [0, value.length >> 1, value.length - 1]) {
        const changed = new URLSearchParams(query);
        const letter = value[index] === "x" ? "y" : "x";
        changed.set(name, value.slice(0, index) + letter + value.slice(index + 1));
        assert.throws(() => links.check(changed, at), refused(), `${name} ${index}`);
      }
    }
    const signature = query.get("sig") ?? "";
    const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (const letter of letters.replace(signature.at(-1) ?? "", "")) {
      const changed = new URLSearchParams(query);
      changed.set("sig", signature.slice(0, -1) + letter);
      assert.throws(() => links.check(changed, at), refused(), letter);
    }
    for (const missing of query.keys()) {
      const changed = new URLSearchParams(query);
      changed.delete(missing);
      assert.throws(() => links.check(changed, at), refused(), missing);
    }
  });
  it("are refused when a part is named twice or spelled otherwise", () => {
    const twice = new URLSearchParams(queryOf(url));
    twice.append("sp", "rwd");
    assert.throws(() => links.check(twice, at), refused());
    assert.throws(() => links.check(new URLSearchParams(), at), refused("LinkRefused", /not a signed link/));
  });
  it("hold for their blob alone", () => {
    for (const other of [
      { ...at, container: "azureml-x" },
      { ...at, blob: `${at.blob}2` },
      { ...at, blob: at.blob.toUpperCase() },
      { container: "azureml" },
    ]) {
      assert.throws(() => links.check(queryOf(url), other), refused("LinkRefused", /signature/));
    }
  });
  it("hold for a folder and what is below, not beside it", () => {
    const query = queryOf(
      links.containerLink("https://h", { container: "azureml", folder: "s/rg", permissions: "rl" }),
    );
    links.check(query, { container: "azureml", blob: "s/rg/a/b" });
    for (const blob of ["s/rgx/a", "s", "s/other/a", ""]) {
      assert.throws(() => links.check(query, { container: "azureml", blob }), refused());
    }
    const up = new URLSearchParams(query);
    up.set("sdd", "1");
    assert.throws(() => links.check(up, { container: "azureml", blob: "s/other" }), refused());
  });
  it("hold for a whole container", () => {
    const query = queryOf(links.containerLink("https://h", { container: "azureml-data", permissions: "rl" }));
    links.check(query, { container: "azureml-data" });
    links.check(query, { container: "azureml-data", blob: "any/thing" });
    assert.throws(() => links.check(query, { container: "azureml-datb" }), refused());
  });
  it("end, and say when", () => {
    const short = queryOf(links.link("https://h", { ...at, permissions: "r", lifetimeMs: 60_000 }));
    const later = createBlobLinks({ key, clock: testClock(clock.at + 61_000) });
    assert.throws(() => later.check(short, at), refused("LinkRefused", /ended at \d{4}-/));
    const other = createBlobLinks({ key: keyFor("blobs", new Uint8Array(32).fill(1)), clock });
    assert.throws(() => other.check(short, at), refused("LinkRefused", /signature/));
  });
});

describe("a link of the details", () => {
  const details = `/history/v1.0${WORKSPACE}/runs/a/details`;
  const log = "user_logs/std_log.txt";
  const ask = async (settings = {}) => {
    const edge = await testEdge(settings);
    edge.flow.runs.set("a", { run: testRun("a"), status: "Running" });
    edge.flow.files.set(`dcid.a/${log}`, Buffer.from("<script>alert(1)</script>"));
    const shown = await edge.app.inject({ url: details, headers: { ...DEV, host: "localhost:7464" } });
    return { edge, url: shown.json().logFiles[log] as string };
  };

  it("is fetched without a token, and never runs in a browser", async () => {
    const { edge, url } = await ask();
    await using _ = edge;
    assert.match(url, /^http:\/\/localhost:7464\/azureml\//);
    const answer = await edge.app.inject({ url, headers: { authorization: "Basic bWFsYWNoaXRlOg==" } });
    assert.equal(answer.statusCode, 200, answer.body);
    assert.equal(answer.body, "<script>alert(1)</script>");
    assert.equal(answer.headers["content-type"], "text/plain; charset=utf-8");
    assert.equal(answer.headers["x-content-type-options"], "nosniff");
    assert.match(String(answer.headers["content-security-policy"]), /sandbox/);
    const other = await edge.app.inject({ url: url.replace("log.txt", "other.txt") });
    assert.equal(other.statusCode, 403);
    assert.equal(other.headers["x-ms-error-code"], "AuthenticationFailed");
    edge.clock.at += 24 * 3600_000 + 1000;
    assert.equal((await edge.app.inject({ url })).statusCode, 403);
  });
  it("points to the public address when there is one", async () => {
    const { edge, url } = await ask({ publicUrl: "https://ml.example.com/base/" });
    await using _ = edge;
    assert.match(url, /^https:\/\/ml\.example\.com\/base\/azureml\//);
  });
});
