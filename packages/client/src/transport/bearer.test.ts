import assert from "node:assert/strict";
import { test } from "node:test";
import { tokenSource } from "./bearer.ts";

test("a token of a credential is kept until shortly before its end, and asked for once however many wait", async () => {
  let now = 1_000_000;
  let asked = 0;
  const credential = {
    getToken: async () => {
      asked += 1;
      return { token: `t${asked}`, expiresOnTimestamp: now + 600_000 };
    },
  };
  const tokens = tokenSource(credential, "scope", () => now);
  assert.deepEqual(await Promise.all([tokens.get(), tokens.get(), tokens.get()]), ["t1", "t1", "t1"]);
  now += 470_000;
  assert.equal(await tokens.get(), "t1");
  now += 20_000;
  assert.equal(await tokens.get(), "t2");
});

test("a refused token is forgotten, but not the newer one that another request has fetched since", async () => {
  let asked = 0;
  const credential = {
    getToken: async () => ({ token: `t${++asked}`, expiresOnTimestamp: Date.now() + 3_600_000 }),
  };
  const tokens = tokenSource(credential, "scope");
  assert.equal(await tokens.get(), "t1");
  assert.equal(tokens.refused("t1"), true);
  assert.equal(await tokens.get(), "t2");
  tokens.refused("t1");
  assert.equal(await tokens.get(), "t2");
});

test("a failing credential fails the request, and is asked again by the next one", async () => {
  let asked = 0;
  const credential = {
    getToken: async () => {
      asked += 1;
      if (asked === 1) throw new Error("no network");
      return asked === 2 ? null : { token: "t", expiresOnTimestamp: Date.now() + 3_600_000 };
    },
  };
  const tokens = tokenSource(credential, "scope");
  await assert.rejects(tokens.get(), /no network/);
  await assert.rejects(tokens.get(), /gave no token/);
  assert.equal(await tokens.get(), "t");
});

test("a fixed token is taken without the line end of the file it came from, and cannot smuggle a header", async () => {
  assert.equal(await tokenSource(" dev\n", "").get(), "dev");
  assert.equal(await tokenSource("", "").get(), undefined);
  assert.throws(() => tokenSource("a\r\nX-Evil: 1", ""), TypeError);
});
