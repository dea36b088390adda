// A signed link opens one snapshot for a day, and no other one, workspace or time.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { testClock } from "../testing/clock.ts";
import { SCOPE, SNAPSHOT } from "../testing/flow.ts";
import { keyFor } from "./keys.ts";
import { createLinks, LINK_LIFETIME_MS } from "./links.ts";

const read = (url: string) => {
  const query = new URL(url).searchParams;
  const of = (name: string) => query.get(name) ?? assert.fail(name);
  return { se: Number(of("se")), sig: of("sig") };
};
const zeros = keyFor("links", new Uint8Array(32));

describe("links", () => {
  const clock = testClock();
  const links = createLinks({ key: zeros, clock });
  const link = read(links.signSnapshot("http://h", SCOPE, SNAPSHOT));

  it("are taken as they were made", () => {
    assert.equal(links.verifySnapshot(SCOPE, SNAPSHOT.toUpperCase(), link), true);
  });
  it("are not taken when anything is changed", () => {
    for (const change of [{ se: link.se + 1 }, { sig: "" }, { sig: link.sig.slice(0, -2) }]) {
      assert.equal(links.verifySnapshot(SCOPE, SNAPSHOT, { ...link, ...change }), false);
    }
    assert.equal(links.verifySnapshot({ ...SCOPE, workspace: "other" }, SNAPSHOT, link), false);
    const other = createLinks({ key: keyFor("links", new Uint8Array(32).fill(1)), clock });
    assert.equal(other.verifySnapshot(SCOPE, SNAPSHOT, link), false);
  });
  it("end after their time", () => {
    const later = testClock(clock.at + LINK_LIFETIME_MS + 1000);
    assert.equal(createLinks({ key: zeros, clock: later }).verifySnapshot(SCOPE, SNAPSHOT, link), false);
  });
  it("to files hold for just what they name", () => {
    const ask = { scope: SCOPE, runId: "r1", path: "outputs/a b&c.html", as: "inline" } as const;
    const { uri, expiresAt } = links.signFiles("http://h", ask);
    assert.equal(expiresAt, Math.floor((clock.at + LINK_LIFETIME_MS) / 1000) * 1000);
    assert.equal(new URL(uri).searchParams.get("path"), ask.path);
    const signature = read(uri);
    assert.equal(links.verifyFiles(ask, signature), true);
    const { path, as: _, ...whole } = ask;
    for (const other of [
      { ...ask, runId: "r2" },
      { ...ask, path: "outputs/b" },
      { ...ask, as: "attachment" as const },
      { ...whole, path },
      { ...whole, prefix: path, as: "inline" as const },
      { ...whole },
      { ...ask, scope: { ...SCOPE, workspace: "other" } },
    ])
      assert.equal(links.verifyFiles(other, signature), false, JSON.stringify(other));
    const later = createLinks({ key: zeros, clock: testClock(clock.at + LINK_LIFETIME_MS + 1000) });
    assert.equal(later.verifyFiles(ask, signature), false);
    assert.equal(links.verifySnapshot(SCOPE, "r1", signature), false);
  });
  it("are made only with a secret that is long enough", () => {
    assert.throws(() => keyFor("links", new Uint8Array(31)), RangeError);
  });
});
