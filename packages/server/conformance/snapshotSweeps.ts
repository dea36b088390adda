// What a snapshot store promises of projects that go: part of its conformance suite.
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { test } from "node:test";
import type { Scope, SnapshotStore } from "@malachite/core";
import { buildZip } from "./buildZip.ts";
import { type SnapshotFixture, scope, sha256 } from "./snapshotFixture.ts";

const other: Scope = { ...scope, workspace: "sweeps" };

/** Where things can be made older than they are. */
export function snapshotSweepsSuite(f: SnapshotFixture): void {
  const keep = (texts: readonly string[], at: Scope = scope) =>
    f.keep(buildZip(texts.map((text) => ({ name: `${text}.txt`, data: `swept ${text}` }))), at);
  const fileOf = (text: string) => ({
    path: `${text}.txt`,
    sizeBytes: `swept ${text}`.length,
    sha256: sha256(`swept ${text}`),
  });
  const sweeping = () => {
    const { store } = f.under;
    assert.ok(store.unused && store.forget && store.sweepContents && f.under.age);
    return { store: store as Required<SnapshotStore>, age: f.under.age };
  };
  const idsOf = async (ids: AsyncIterable<string>) => {
    const all: string[] = [];
    for await (const id of ids) all.push(id);
    return all;
  };
  /** Ends all that nobody used, in the one workspace but those that are named. */
  const forgetBut = async (before: number, ...named: readonly { readonly id: string }[]) => {
    const { store } = sweeping();
    const stays = new Set(named.map(({ id }) => id));
    for (const at of [scope, other])
      for (const id of await idsOf(store.unused(at, before)))
        if (at === other || !stays.has(id)) await store.forget(at, id, before);
  };
  const isWhole = async (id: string, at: Scope = scope) => {
    const { store } = sweeping();
    const snapshot = await store.get(at, id);
    if (snapshot === undefined) return false;
    return (await readdir(await f.placed(snapshot.tree))).length === snapshot.files;
  };

  test("a project that ended goes with those contents that no other has, and can be sent again", async (t) => {
    if (!f.under.age) return t.skip("nothing grows old here");
    const { store, age } = sweeping();
    const [gone, named] = [await keep(["shared", "only"]), await keep(["shared", "named"])];
    await keep(["only there"], other);
    const both = await keep(["both"]);
    await keep(["both"], other);
    const before = await age();
    assert.ok((await idsOf(store.unused(scope, before))).includes(gone.id));
    assert.equal(await store.forget(scope, gone.id, before - 30 * 24 * 3600_000), false, "not so old");
    const fresh = await keep(["fresh"]);
    await forgetBut(before, named, both);
    assert.equal(await store.get(scope, gone.id), undefined);
    assert.equal(await store.forget(scope, gone.id, before), false, "it has ended");
    assert.ok(!(await idsOf(store.unused(scope, before))).includes(gone.id));
    assert.equal(await store.get(other, both.id), undefined);
    const [one, two] = await Promise.all([store.sweepContents(before), store.sweepContents(before)]);
    assert.ok(one.files + two.files > 0 && one.bytes + two.bytes > 0);
    const names = (await f.under.kept()).map((name) => name.replaceAll("/", "")).join("\n");
    for (const text of ["only", "only there"]) assert.ok(!names.includes(sha256(`swept ${text}`)), text);
    for (const { id } of [named, both, fresh]) assert.ok(await isWhole(id));
    const offered = await store.offer(scope, [fileOf("shared"), fileOf("only")]);
    // A store with a cache may have it there.
    if ("missing" in offered) {
      assert.deepEqual(offered.missing, [sha256("swept only")]);
      const zip = buildZip([{ name: sha256("swept only"), data: "swept only" }]);
      assert.equal(await store.keepContents(await f.upload(zip)), 1);
    }
    const again = await store.offer(scope, [fileOf("shared"), fileOf("only")]);
    assert.ok("snapshot" in again && again.snapshot.id === gone.id);
    assert.ok(await isWhole(gone.id));
    await store.sweepContents(await age());
    for (const { id } of [gone, named, both, fresh]) assert.ok(await isWhole(id), "all are known");
  });

  test("a project that somebody asks for, sends or offers again stays", async (t) => {
    if (!f.under.age) return t.skip("nothing grows old here");
    const { store, age } = sweeping();
    const kept = [await keep(["asked"]), await keep(["sent"]), await keep(["offered"])];
    const before = await age();
    await store.get(scope, kept[0]?.id ?? "");
    await keep(["sent"]);
    assert.ok("snapshot" in (await store.offer(scope, [fileOf("offered")])));
    for (const { id } of kept) assert.equal(await store.forget(scope, id, before), false);
    await forgetBut(before);
    await store.sweepContents(before);
    for (const { id } of kept) assert.ok(await isWhole(id));
  });

  test("contents that were sent lately stay until a project is made of them", async (t) => {
    if (!f.under.age) return t.skip("nothing grows old here");
    const { store, age } = sweeping();
    const before = await age();
    const texts = ["early", "late"];
    const parts = texts.map((text) => ({ name: sha256(`swept ${text}`), data: `swept ${text}` }));
    await store.keepContents(await f.upload(buildZip(parts)));
    await store.sweepContents(before);
    const offered = await store.offer(scope, texts.map(fileOf));
    assert.ok("snapshot" in offered && (await isWhole(offered.snapshot.id)));
  });
}
