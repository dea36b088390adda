// Which tokens are taken, and for whom they stand.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MalachiteError, workspaceKey } from "@malachite/core";
import { SignJWT, UnsecuredJWT } from "jose";
import { testClock } from "../testing/clock.ts";
import { DEV, SECRET, testEdge } from "../testing/edge.ts";
import { testRun, WORKSPACE } from "../testing/flow.ts";
import { type AuthSettings, createAuth } from "./auth.ts";
import { keyFor } from "./keys.ts";

const HOUR = 3600_000;
const make = (settings: Partial<AuthSettings> = {}, clock = testClock(), live = new Set<string>()) => ({
  clock,
  live,
  auth: createAuth(
    { secret: SECRET, development: true, tokens: ["operator-secret"], ...settings },
    clock,
    async ({ runId, workspace }) => live.has(runId) && workspace === workspaceKey(testRun(runId).scope),
  ),
});
const refused = { code: "NotAuthenticated" };

describe("the Authorization header", () => {
  for (const header of [
    "Bearer dev",
    "bearer dev",
    "BEARER   dev",
    "  Bearer dev ",
    "Bearer:dev",
    "Bearer: dev",
  ]) {
    it(`may be '${header}'`, async () => assert.equal((await make().auth.verify(header)).name, "developer"));
  }
  for (const header of [
    undefined,
    "",
    " ",
    "dev",
    "Bearer",
    "Bearer ",
    "Bearerdev",
    "Basic dev",
    "Bearer dev dev",
    "Bearer de",
    "Bearer devx",
    `Bearer ${"x".repeat(1_000_000)}`,
  ]) {
    it(`may not be '${header?.slice(0, 30)}'`, () => assert.rejects(make().auth.verify(header), refused));
  }
});

describe("tokens of runs that last longer than they", () => {
  const short = { tokenLifetimeMs: 100_000 };
  it("are taken while the run has not ended", async () => {
    const { auth, clock, live } = make(short);
    const { token } = await auth.runTokens.issue(testRun("train_1"));
    live.add("train_1");
    clock.at += 30 * 24 * HOUR;
    assert.equal((await auth.verify(`Bearer ${token}`)).run?.runId, "train_1");
    live.clear();
    await assert.rejects(auth.verify(`Bearer ${token}`), { ...refused, message: /expired/ });
  });
  it("are taken ten minutes past their stated end in any case, as users' are not", async () => {
    const { auth, clock } = make(short);
    const { token, expiresAt } = await auth.runTokens.issue(testRun("train_1"));
    clock.at = expiresAt + 9 * 60_000;
    assert.equal((await auth.verify(`Bearer ${token}`)).run?.runId, "train_1");
    clock.at = expiresAt + 12 * 60_000;
    await assert.rejects(auth.verify(`Bearer ${token}`), refused);
  });
  it("must still be signed by this service", async () => {
    const { auth, clock, live } = make(short);
    live.add("train_1");
    const { token } = await make({ ...short, secret: new Uint8Array(32).fill(9) }).auth.runTokens.issue(
      testRun("train_1"),
    );
    clock.at += HOUR;
    await assert.rejects(auth.verify(`Bearer ${token}`), { ...refused, message: /signature/ });
  });
});

describe("plain tokens", () => {
  it("dev is taken in development only", () =>
    assert.rejects(make({ development: false }).auth.verify("Bearer dev"), refused));
  it("the operator's are taken everywhere", async () => {
    const who = await make({ development: false }).auth.verify("Bearer operator-secret");
    assert.equal(who.name, "operator");
  });
});

describe("tokens of the service's own", () => {
  it("stand for the developer, until they end", async () => {
    const { auth, clock } = make();
    const { token, expiresAt } = await auth.userToken(undefined);
    assert.equal(expiresAt, clock.now() + 24 * HOUR);
    const who = await auth.verify(`Bearer ${token}`);
    assert.equal(who.name, "developer");
    assert.equal(who.run, undefined);
    clock.at += 24 * HOUR + 61_000;
    await assert.rejects(auth.verify(`Bearer ${token}`), refused);
  });
  it("are JWTs with what clients read: exp, tid, oid, name", async () => {
    const { token } = await make().auth.userToken(undefined);
    const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
    assert.equal(typeof claims.exp, "number");
    for (const name of ["tid", "oid", "name", "iss", "aud"]) assert.equal(typeof claims[name], "string");
  });
  it("are given only in development or for the right secret", async () => {
    const { auth } = make({ development: false, msiSecret: "s3cret" });
    await assert.rejects(auth.userToken(undefined), { code: "NotAllowed" });
    await assert.rejects(auth.userToken("wrong"), { code: "NotAllowed" });
    assert.ok((await auth.userToken("s3cret")).token);
    const none = make({ development: false }).auth;
    await assert.rejects(none.userToken("anything"), { code: "NotAllowed" });
  });
  it("are given for one of the operator's tokens too, and stand for the operator", async () => {
    const { auth } = make({ development: false, msiSecret: "s3cret" });
    for (const secret of ["operator-secret", "s3cret"]) {
      const { token } = await auth.userToken(secret);
      assert.equal((await auth.verify(`Bearer ${token}`)).name, "operator");
    }
    await assert.rejects(auth.userToken("dev"), { code: "NotAllowed" });
    await assert.rejects(auth.userToken(""), { code: "NotAllowed" });
  });
  it("of another data folder are not taken", async () => {
    const { token } = await make({ secret: new Uint8Array(32).fill(1) }).auth.userToken(undefined);
    await assert.rejects(make().auth.verify(`Bearer ${token}`), refused);
  });
  it("outlive their stated end by a few minutes when they are a run's", async () => {
    const { auth, clock } = make();
    const { token } = await auth.runTokens.issue(testRun("a"));
    clock.at += 24 * HOUR + 9 * 60_000;
    assert.equal((await auth.verify(`Bearer ${token}`)).run?.runId, "a");
    clock.at += 3 * 60_000;
    await assert.rejects(auth.verify(`Bearer ${token}`), refused);
  });
});

describe("a forged token", () => {
  const key = keyFor("tokens", SECRET);
  const claims = { tid: "t", oid: "o", name: "n" };
  const seconds = () => Math.floor(testClock().now() / 1000);
  const sign = (change: (jwt: SignJWT) => SignJWT, alg = "HS256", signer: Uint8Array = key) =>
    change(
      new SignJWT(claims)
        .setProtectedHeader({ alg })
        .setIssuer("malachite")
        .setAudience("malachite")
        .setExpirationTime(seconds() + 60),
    ).sign(signer);
  const cases: Readonly<Record<string, () => Promise<string> | string>> = {
    "without a signature": () =>
      new UnsecuredJWT(claims)
        .setIssuer("malachite")
        .setAudience("malachite")
        .setExpirationTime(seconds() + 60)
        .encode(),
    "for another audience": () => sign((jwt) => jwt.setAudience("other")),
    "of another issuer": () => sign((jwt) => jwt.setIssuer("https://issuer.example.com")),
    "that ended": () => sign((jwt) => jwt.setExpirationTime(1)),
    "that is not valid yet": () => sign((jwt) => jwt.setNotBefore(seconds() + 600)),
    "signed with another key": () => sign((jwt) => jwt, "HS256", new Uint8Array(32)),
    "signed in another way": () => sign((jwt) => jwt, "HS384", new Uint8Array(48)),
    "signed with the key of links": () => sign((jwt) => jwt, "HS256", keyFor("links", SECRET)),
    "without an end": () =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: "HS256" })
        .setIssuer("malachite")
        .setAudience("malachite")
        .sign(key),
    "that is cut": async () => (await sign((jwt) => jwt)).slice(0, -3),
    "with a changed payload": async () => {
      const [head, , signature] = (await sign((jwt) => jwt)).split(".");
      const payload = JSON.stringify({ ...claims, iss: "malachite", aud: "malachite", exp: 9e9 });
      return `${head}.${Buffer.from(payload).toString("base64url")}.${signature}`;
    },
  };
  it("would be taken if it were right", async () => {
    assert.equal((await make().auth.verify(`Bearer ${await sign((jwt) => jwt)}`)).name, "n");
  });
  for (const [what, forge] of Object.entries(cases)) {
    it(`is refused: ${what}`, async () => {
      const token = await forge();
      await assert.rejects(make().auth.verify(`Bearer ${token}`), (error: Error & { code: string }) => {
        assert.equal(error.code, "NotAuthenticated");
        assert.ok(!error.message.includes(token.slice(10, 30)), "the message repeats the token");
        return true;
      });
    });
  }
});

describe("/msi/token", () => {
  it("answers GET and POST as a managed identity endpoint does", async () => {
    await using edge = await testEdge();
    edge.flow.runs.set("a", { run: testRun("a"), status: "Running" });
    const get = await edge.app.inject({
      url: "/msi/token?api-version=2017-09-01&resource=https%3A%2F%2Fml.azure.com",
      headers: { secret: "x" },
    });
    const post = await edge.app.inject({
      method: "POST",
      url: "/msi/token",
      headers: { "content-type": "application/x-www-form-urlencoded", metadata: "true" },
      payload: "resource=https%3A%2F%2Fml.azure.com",
    });
    for (const answer of [get, post]) {
      assert.equal(answer.statusCode, 200, answer.body);
      const body = answer.json();
      assert.equal(body.resource, "https://ml.azure.com");
      assert.equal(body.token_type, "Bearer");
      assert.equal(body.expires_in, String(24 * 3600));
      assert.match(body.expires_on, /^\d+$/);
      const headers = { authorization: `Bearer ${body.access_token}` };
      const used = await edge.app.inject({ url: `/history/v1.0${WORKSPACE}/runs/a`, headers });
      assert.equal(used.statusCode, 200);
    }
  });
  it("refuses a caller without the secret where development is off", async () => {
    await using edge = await testEdge({}, { development: false, msiSecret: "s" });
    assert.equal((await edge.app.inject({ url: "/msi/token" })).statusCode, 403);
    assert.equal((await edge.app.inject({ url: "/msi/token", headers: { secret: "s" } })).statusCode, 200);
    for (const [query, status] of [
      ["s", 200],
      ["x", 403],
    ] as const) {
      // As azureml-core calls it: it has the address alone, and sends a header of its own.
      const answer = await edge.app.inject({
        method: "POST",
        url: `/msi/token?secret=${query}`,
        headers: { "content-type": "application/x-www-form-urlencoded", metadata: "true" },
        payload: "resource=x",
      });
      assert.equal(answer.statusCode, status);
    }
  });
});

describe("a request without a token", () => {
  it("is told how to ask, before anything of it is looked at", async () => {
    await using edge = await testEdge();
    const url = `/history/v1.0${WORKSPACE}/runs/-bad-`;
    const answer = await edge.app.inject({ url });
    assert.equal(answer.statusCode, 401);
    assert.match(String(answer.headers["www-authenticate"]), /^Bearer/);
    assert.deepEqual(edge.flow.calls, []);
    assert.equal((await edge.app.inject({ url, headers: DEV })).statusCode, 400);
  });
});

describe("a fresh run token", () => {
  it("is given to the run itself, and changes nothing of another run", async () => {
    await using edge = await testEdge();
    for (const id of ["a", "b"]) edge.flow.runs.set(id, { run: testRun(id), status: "Running" });
    const first = await edge.auth.runTokens.issue(testRun("a"));
    const ask = (token: string, url: string, method: "GET" | "POST" = "GET") =>
      edge.app.inject({
        method,
        url: `/history/v1.0${WORKSPACE}${url}`,
        headers: { authorization: `Bearer ${token}` },
      });
    const renewed = await ask(first.token, "/runs/a/token");
    assert.equal(renewed.statusCode, 200, renewed.body);
    assert.equal(renewed.headers["cache-control"], "no-store");
    const { token } = renewed.json();
    assert.equal((await ask(token, "/runs/a")).statusCode, 200);
    assert.equal((await ask(token, "/runs/b")).statusCode, 200);
    assert.equal((await ask(token, "/runs:query", "POST")).statusCode, 200);
    assert.equal((await ask(token, "/runs/b/token")).statusCode, 403);
    assert.equal((await ask(token, "/runs/b/cancel", "POST")).statusCode, 403);
  });
  it("goes with each event of a batch, so that each is checked by itself", async () => {
    await using edge = await testEdge();
    for (const id of ["a", "b"]) edge.flow.runs.set(id, { run: testRun(id), status: "Running" });
    edge.flow.on("postEvent", async (address, _event, by) => {
      if (by.run?.runId !== address.runId) throw new MalachiteError("NotAllowed", "Not yours.");
    });
    const { token } = await edge.auth.runTokens.issue(testRun("a"));
    const answer = await edge.app.inject({
      method: "POST",
      url: `/history/v1.0${WORKSPACE}/experiments/exp/batch/events`,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      payload: {
        events: [{ name: "x", data: { RunId: "a" } }, { name: "y", data: { RunId: "b" } }, { name: "z" }],
      },
    });
    assert.equal(answer.statusCode, 200, answer.body);
    const names = answer.json().errors.map((one: { key: { name: string } }) => one.key.name);
    assert.deepEqual(names, ["y", "z"]);
  });
});
