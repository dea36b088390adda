// Who may name this service, and from which pages it may be called.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { codeOf, DEV, testEdge } from "../testing/edge.ts";
import { createOriginCheck } from "./origin.ts";

const rules = {
  publicHosts: ["ml.example.com"],
  publicUrl: "https://front.example.com/x",
  allowedOrigins: ["https://notebooks.example.com"],
};
const check = createOriginCheck(rules);

describe("Host", () => {
  for (const host of [
    "localhost",
    "LOCALHOST:7464",
    "localhost.:7464",
    "a.localhost",
    "127.0.0.1:7464",
    "127.1.2.3",
    "[::1]:7464",
    "10.1.2.3",
    "ml.example.com",
    "ML.example.com:443",
    "front.example.com",
  ]) {
    it(`may be ${host}`, () => assert.equal(check({ host }), undefined));
  }
  for (const host of [
    undefined,
    "",
    "evil.com",
    "evil.com:7464",
    "127.0.0.1.evil.com",
    "localhost.evil.com",
    "xlocalhost",
    "localhost@evil.com",
    "evil.com/localhost",
    "localhost:7464:1",
    "127.0.0.1,evil.com",
    "[::1]evil.com",
    "0x7f000001",
  ]) {
    it(`may not be ${host}`, () => assert.throws(() => check({ host }), { code: "HostRefused" }));
  }
});

describe("Origin", () => {
  const host = "localhost:7464";
  it("may be the service's own, whatever the scheme in front of it", () => {
    assert.equal(check({ host, origin: "http://localhost:7464" }), undefined);
    assert.equal(check({ host: "ml.example.com", origin: "https://ml.example.com" }), undefined);
    assert.equal(check({ host: "ml.example.com:443", origin: "https://ml.example.com" }), undefined);
  });
  it("may be an allowed one, which is told", () => {
    assert.equal(check({ host, origin: "https://notebooks.example.com" }), "https://notebooks.example.com");
  });
  for (const origin of [
    "null",
    "http://localhost",
    "http://localhost:3000",
    "http://127.0.0.1:7464",
    "https://evil.com",
    "http://localhost:7464.evil.com",
    "file://",
    "chrome-extension://abc",
    "nonsense",
    "https://notebooks.example.com.evil.com",
  ]) {
    it(`may not be ${origin}`, () => assert.throws(() => check({ host, origin }), { code: "HostRefused" }));
  }
});

describe("Sec-Fetch-Site", () => {
  it("may be anything but cross-site", () => {
    for (const site of ["same-origin", "same-site", "none"]) {
      assert.equal(check({ host: "localhost", "sec-fetch-site": site }), undefined);
    }
    assert.throws(() => check({ host: "localhost", "sec-fetch-site": "cross-site" }), {
      code: "HostRefused",
    });
  });
});

describe("over HTTP", () => {
  it("holds for addresses that need no token and for unknown ones", async () => {
    await using edge = await testEdge();
    for (const url of ["/healthz", "/openapi.json", "/msi/token", "/nope"]) {
      const answer = await edge.app.inject({ url, headers: { host: "evil.com" } });
      assert.equal(answer.statusCode, 403, url);
      assert.equal(codeOf(answer.body), "HostRefused");
    }
  });
  it("tells the browser what a page of an allowed origin may do", async () => {
    await using edge = await testEdge({ allowedOrigins: ["https://notebooks.example.com"] });
    const headers = { origin: "https://notebooks.example.com" };
    const answer = await edge.app.inject({ url: "/healthz", headers: { ...DEV, ...headers } });
    assert.equal(answer.headers["access-control-allow-origin"], headers.origin);
    const before = await edge.app.inject({ method: "OPTIONS", url: "/healthz", headers });
    assert.equal(before.statusCode, 204);
    assert.equal(before.headers["access-control-allow-origin"], headers.origin);
  });
  it("gives no such leave to any other page", async () => {
    await using edge = await testEdge();
    const answer = await edge.app.inject({
      method: "OPTIONS",
      url: "/healthz",
      headers: { origin: "https://evil.com" },
    });
    assert.equal(answer.statusCode, 403);
    assert.equal(answer.headers["access-control-allow-origin"], undefined);
  });
});
