// Projects that nobody names go with their contents; whatever happens at the same time, none goes that somebody relies on.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { lstatSync, mkdirSync, readdirSync, renameSync, utimesSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Scope } from "@malachite/core";
import { sweepProjects } from "@malachite/core";
import fc from "fast-check";
import { hashedPath, snapshotLayout } from "../src/adapters/blobs/folder/layout.ts";
import { createSnapshotStore, type FolderSnapshotStore } from "../src/adapters/blobs/folder/snapshotStore.ts";
import { buildZip } from "./buildZip.ts";

const scope: Scope = { subscriptionId: "1", resourceGroup: "rg", workspace: "ws" };
const sha256 = (data: string) => createHash("sha256").update(data).digest("hex");

let home: string;
let numbers = 0;
before(async () => {
  home = await mkdtemp(join(tmpdir(), "malachite-sweep-"));
});
after(() => rm(home, { recursive: true }));

async function openStore() {
  const folder = join(home, `data-${numbers++}`);
  const store = createSnapshotStore({ folder });
  await store.sweep();
  return { store, folder, layout: snapshotLayout(folder) };
}

/** A project of files that are named by what is in them. */
async function keep(store: FolderSnapshotStore, texts: readonly string[]) {
  const file = join(home, `zip-${numbers++}`);
  await writeFile(file, buildZip(texts.map((text) => ({ name: `${text}.txt`, data: text }))));
  return await store.keepZip(scope, { file, sizeBytes: 0, sha256: "" });
}

/** Everything was last used ten days ago. */
function age(folder: string): void {
  const old = Date.now() / 1000 - 10 * 24 * 3600;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) utimesSync(join(entry.parentPath, entry.name), old, old);
}

const sweep = (store: FolderSnapshotStore, referred: ReadonlySet<string>, dryRun = false) =>
  sweepProjects(2, dryRun, {
    snapshots: store,
    workspaces: { list: async () => [{ ...scope, createdAt: 0 }] } as never,
    retention: { referred: async () => referred } as never,
    clock: { now: () => Date.now() } as never,
  });

async function isWhole(store: FolderSnapshotStore, id: string): Promise<boolean> {
  const snapshot = await store.get(scope, id);
  if (!snapshot) return false;
  const into = join(home, `placed-${numbers++}`);
  await store.place(snapshot.tree, into, new AbortController().signal);
  return readdirSync(into).length === snapshot.files;
}

describe("projects that nobody names", () => {
  it("go with those contents that no other has, and not before their time", async () => {
    const { store, folder, layout } = await openStore();
    await using _ = store;
    const gone = await keep(store, ["shared", "only here"]);
    const named = await keep(store, ["shared", "named"]);
    assert.deepEqual(await sweep(store, new Set()), { projects: 0, files: 0, bytes: 0 });
    age(folder);
    assert.deepEqual(await sweep(store, new Set([named.id]), true), { projects: 1, files: 0, bytes: 0 });
    const fresh = await keep(store, ["fresh"]);
    const swept = await sweep(store, new Set([named.id]));
    assert.deepEqual([swept?.projects, swept?.files], [1, 2]);
    assert.equal(await store.get(scope, gone.id), undefined);
    assert.equal(
      lstatSync(hashedPath(layout.contents, sha256("only here")), { throwIfNoEntry: false }),
      undefined,
    );
    for (const { id } of [named, fresh]) assert.ok(await isWhole(store, id));
    assert.ok(await isWhole(store, (await keep(store, ["shared", "only here"])).id), "sent again");
  });

  it("stay when somebody asks for them first, or sends the same again, or offers their contents", async () => {
    const { store, folder } = await openStore();
    await using _ = store;
    const [asked, sent, offered] = [
      await keep(store, ["a"]),
      await keep(store, ["b"]),
      await keep(store, ["c"]),
    ];
    age(folder);
    await store.get(scope, asked.id);
    await keep(store, ["b"]);
    const there = await store.offer(scope, [{ path: "c.txt", sizeBytes: 1, sha256: sha256("c") }]);
    assert.ok("snapshot" in there);
    await sweep(store, new Set());
    for (const { id } of [asked, sent, offered]) assert.ok(await isWhole(store, id));
  });

  it("are put back after a death in the middle", async () => {
    const { store, folder, layout } = await openStore();
    await using _ = store;
    const { id } = await keep(store, ["a"]);
    const leaving = join(layout.contents, "leaving");
    mkdirSync(leaving);
    const content = sha256("a");
    renameSync(hashedPath(layout.contents, content), join(leaving, `contents-${content}`));
    age(folder);
    await store.sweep();
    assert.ok(await isWhole(store, id));
    age(folder);
    await sweep(store, new Set([id]));
    assert.ok(await isWhole(store, id));
  });

  it("never take anything from one that is named or was just sent, in any order of uploads, ageing and sweeps", async () => {
    const text = fc.constantFrom("a", "b", "c", "d", "e");
    const project = fc.uniqueArray(text, { minLength: 1, maxLength: 3 });
    const act = fc.oneof(
      fc.record({ act: fc.constant("keep" as const), project, named: fc.boolean() }),
      fc.record({ act: fc.constant("sweep" as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(act, { maxLength: 4 }), { maxLength: 5 }), async (rounds) => {
        const { store, folder } = await openStore();
        await using _ = store;
        const named = new Set<string>();
        for (const round of rounds) {
          const sent: string[] = [];
          await Promise.all(
            round.map(async (one) => {
              if (one.act === "sweep") return await sweep(store, new Set(named));
              const { id } = await keep(store, one.project);
              sent.push(id);
              return id;
            }),
          );
          for (const id of [...named, ...sent]) assert.ok(await isWhole(store, id), `${id} is not whole`);
          for (const [i, id] of sent.entries()) if (round[i]?.act === "keep") named.add(id);
          age(folder);
        }
      }),
      { numRuns: 6 },
    );
  });
});
