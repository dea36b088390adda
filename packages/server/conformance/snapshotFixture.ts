// What the suites of snapshot stores share: a store in a folder of its own, and short ways to use it.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import type { malachite } from "@malachite/contract";
import {
  isMalachiteError,
  type ProjectPlacer,
  type Scope,
  type SnapshotStore,
  type Upload,
} from "@malachite/core";
import { buildZip, type ZipFrame, type ZipPart } from "./buildZip.ts";

export type SnapshotStoreUnderTest = AsyncDisposable & {
  readonly store: SnapshotStore & ProjectPlacer;
  /** The names of everything the store holds: what a refused archive must not change. */
  kept(): Promise<readonly string[]>;
  /** Makes all that is kept ten days older; answers the time of five days ago. Not there where that is nothing to be had. */
  age?(): Promise<number>;
};

export type OpenSnapshotStore = (folder: string) => Promise<SnapshotStoreUnderTest>;
export type SnapshotFixture = ReturnType<typeof snapshotFixture>;

export const scope: Scope = {
  subscriptionId: "11111111-1111-4111-8111-111111111111",
  resourceGroup: "rg",
  workspace: "ws",
};
export const sha256 = (data: string | Uint8Array): string => createHash("sha256").update(data).digest("hex");
export const never: AbortSignal = new AbortController().signal;

/** To be called inside a `describe`: opens a new store before its tests and disposes of it after them. */
export function snapshotFixture(open: OpenSnapshotStore) {
  let home = "";
  let under: SnapshotStoreUnderTest;
  let numbers = 0;

  before(async () => {
    home = await mkdtemp(join(tmpdir(), "malachite-snapshots-"));
    under = await open(join(home, "data"));
  });
  after(async () => {
    await under[Symbol.asyncDispose]();
    await rm(home, { recursive: true });
  });

  const upload = async (zip: Uint8Array): Promise<Upload> => {
    const file = join(home, `upload-${numbers++}`);
    await writeFile(file, zip);
    return { file, sizeBytes: zip.byteLength, sha256: sha256(zip) };
  };
  const keep = async (zip: Uint8Array, at: Scope = scope) => under.store.keepZip(at, await upload(zip));
  const filesOf = async (tree: string) => {
    const files: malachite.ProjectFile[] = [];
    for await (const file of under.store.files(tree)) files.push(file);
    return files;
  };
  const placed = async (tree: string) => {
    const folder = join(home, `run-${numbers++}`, "project");
    await under.store.place(tree, folder, never);
    return folder;
  };
  const zipOf = async (tree: string) => {
    const pieces: Uint8Array[] = [];
    for await (const piece of under.store.zip(tree)) pieces.push(piece);
    return Buffer.concat(pieces);
  };
  /** What the store takes a zip for: path to text, with `*` behind executable ones. */
  const taken = async (parts: readonly ZipPart[], frame?: ZipFrame) => {
    const snapshot = await keep(buildZip(parts, frame));
    const folder = await placed(snapshot.tree);
    const found: [string, string][] = [];
    for (const file of await filesOf(snapshot.tree)) {
      const text = await readFile(join(folder, file.path), "utf8");
      found.push([file.path + (file.executable ? "*" : ""), text]);
    }
    return Object.fromEntries(found);
  };
  const refused = async (work: Promise<unknown>, code: string, says: RegExp = /./) => {
    const error = await work.then(
      () => assert.fail(`Not refused with ${code}.`),
      (e: unknown) => e,
    );
    assert.ok(isMalachiteError(error), String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, says);
    return error;
  };

  return {
    /** A folder for what the tests make; removed with everything in it. */
    get home() {
      return home;
    },
    get under() {
      return under;
    },
    upload,
    keep,
    filesOf,
    placed,
    zipOf,
    taken,
    refused,
  };
}
