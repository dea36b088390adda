// kill -9 in the middle of uploads: what was acknowledged is there and whole, and nothing half-made stays.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { isMalachiteError } from "@malachite/core";
import { clientTree } from "../../../../conformance/clientTree.ts";
import { snapshotLayout } from "./layout.ts";
import { createSnapshotStore, type FolderSnapshotStore } from "./snapshotStore.ts";

const scope = {
  subscriptionId: "11111111-1111-4111-8111-111111111111",
  resourceGroup: "rg",
  workspace: "ws",
};
const here = (path: string) => JSON.stringify(fileURLToPath(new URL(path, import.meta.url)));

/** Asks again for a tree whose answer never came, with what is left of its files. What was lost is named as missing. */
async function isKept(
  store: FolderSnapshotStore,
  upload: string,
  name: string,
  id: string,
): Promise<boolean> {
  const names = Array.from({ length: 40 }, (_, i) => `f${i}`);
  const bytes = Object.fromEntries(names.map((f, i) => [f, `${name} ${i}`]));
  const tree = `${upload}.json`;
  await writeFile(tree, JSON.stringify(clientTree(bytes)));
  const files = names.map((f) => ({ name: f, file: upload + f })).filter(({ file }) => existsSync(file));
  try {
    const kept = await store.keepTree(scope, { id, about: {}, tree, files, partial: false, at: 0 });
    return kept !== undefined;
  } catch (error) {
    assert.ok(isMalachiteError(error) && error.code === "SnapshotIncomplete", String(error));
    return false;
  }
}

/**
 * Keeps one project after the other, three at once, every second one by a tree that its client has made, and prints the number
 * and id of each that is acknowledged; of a tree before it is asked for, too.
 */
const hammer = `
  const { createSnapshotStore } = await import(${here("./snapshotStore.ts")});
  const { buildZip } = await import(${here("../../../../conformance/buildZip.ts")});
  const { clientTree } = await import(${here("../../../../conformance/clientTree.ts")});
  const { writeFileSync } = await import("node:fs");
  const { randomUUID } = await import("node:crypto");
  const scope = ${JSON.stringify(scope)};
  const [folder, round] = process.argv.slice(1);
  const store = createSnapshotStore({ folder });
  await store.sweep();
  let next = 0;
  await Promise.all([1, 2, 3].map(async () => {
    for (;;) {
      const name = round + "-" + next++;
      const parts = Array.from({ length: 40 }, (_, i) => ({ name: "f" + i, data: name + " " + i, method: i % 2 ? 8 : 0 }));
      const file = folder + "-upload-" + name;
      if (next % 2) {
        const id = randomUUID();
        const files = parts.map((part) => ({ name: part.name, file: file + part.name }));
        for (const [i, part] of parts.entries()) writeFileSync(files[i].file, part.data);
        const tree = file + ".json";
        writeFileSync(tree, JSON.stringify(clientTree(Object.fromEntries(parts.map((p) => [p.name, p.data])))));
        process.stdout.write("asked " + name + " " + id + "\\n");
        await store.keepTree(scope, { id, about: {}, tree, files, partial: false, at: 0 });
        process.stdout.write("kept " + name + " " + id + "\\n");
        continue;
      }
      writeFileSync(file, buildZip(parts));
      const { id } = await store.keepZip(scope, { file, sizeBytes: 0, sha256: "" });
      process.stdout.write("kept " + name + " " + id + "\\n");
    }
  }));
`;

test("everything acknowledged before kill -9 is there, and nothing half-made after the sweep", {
  timeout: 600_000,
}, async () => {
  const home = await mkdtemp(join(tmpdir(), "malachite-crash-"));
  const folder = join(home, "data");
  const acknowledged = new Map<string, string>();
  const asked = new Map<string, string>();
  try {
    for (let round = 0; round < 4; round += 1) {
      const child = spawn(
        process.execPath,
        ["--conditions=malachite-src", "--input-type=module", "-e", hammer, folder, `${round}`],
        { stdio: ["ignore", "pipe", "inherit"] },
      );
      let heard = 0;
      for await (const line of createInterface(child.stdout)) {
        const [what, name = "", id = ""] = line.split(" ");
        (what === "kept" ? acknowledged : asked).set(name, id);
        heard += what === "kept" ? 1 : 0;
        // At a different point of the work in every round.
        if (heard === 5 + round * 7) child.kill("SIGKILL");
      }
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      assert.equal(child.signalCode, "SIGKILL");

      await using store = createSnapshotStore({ folder });
      await store.sweep();
      assert.deepEqual(await readdir(snapshotLayout(folder).staging).catch(() => []), []);
      for (const [name, id] of asked) {
        if (!acknowledged.has(name) && (await isKept(store, `${folder}-upload-${name}`, name, id)))
          acknowledged.set(name, id);
      }
      asked.clear();
      for (const [name, id] of acknowledged) {
        const snapshot = await store.get(scope, id);
        assert.ok(snapshot, `${name} was acknowledged and is gone`);
        assert.equal(snapshot.files, 40);
        const project = join(home, `run-${round}-${name}`);
        await store.place(snapshot.tree, project, new AbortController().signal);
        for (const i of [0, 1, 39])
          assert.equal(await readFile(join(project, `f${i}`), "utf8"), `${name} ${i}`);
      }
      // Whatever is in the store without having been acknowledged is whole too: every name is the hash of its bytes.
      const contents = snapshotLayout(folder).contents;
      for (const name of await readdir(contents, { recursive: true })) {
        if (!/^[0-9a-f]{2}\/[0-9a-f]{62}$/.test(name)) continue;
        const sha256 = createHash("sha256")
          .update(await readFile(join(contents, name)))
          .digest("hex");
        assert.equal(sha256, name.replace("/", ""));
      }
    }
    assert.ok(acknowledged.size >= 60);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
});
