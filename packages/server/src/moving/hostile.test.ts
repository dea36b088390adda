// Archives that are cut, changed, forged or of another version: each is refused with a precise error, and nothing is changed.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { zstdCompressSync } from "node:zlib";
import { fillService, heldIn, MOVED_SCOPE, placeOf } from "../../conformance/movedWorkspace.ts";
import { openSqliteRecords } from "../adapters/records/sqlite/sqliteRecords.ts";
import { FrameWriter, MAGIC } from "./archive/frames.ts";
import { readArchive } from "./archive/readArchive.ts";
import { exportWorkspace } from "./exportWorkspace.ts";
import { importWorkspace } from "./importWorkspace.ts";
import { bucketOf, OWN_DATASTORES, openFilesOut } from "./workplaces.ts";

type Frames = { kind: string; value: unknown; data?: Buffer }[];

describe("an archive that nobody should trust", { timeout: 120_000 }, () => {
  const home = mkdtempSync(join(tmpdir(), "malachite-hostile-"));
  const good = join(home, "good.malachite");
  let frames: Frames = [];
  const into = placeOf(join(home, "into"));
  let tries = 0;
  before(async () => {
    const settings = placeOf(join(home, "first"));
    await fillService(settings);
    await exportWorkspace({ settings, workspace: MOVED_SCOPE, file: good });
    frames = await framesOf(good);
  });
  after(() => rmSync(home, { recursive: true }));

  /** Everything of it again, to be changed and written anew. */
  async function framesOf(file: string): Promise<Frames> {
    const found: Frames = [];
    for await (const part of readArchive(file)) {
      if (part.is === "head") found.push({ kind: "H", value: part.head });
      else if (part.is === "rows") found.push({ kind: "R", value: [part.table, ...part.rows] });
      else if (part.is === "item") {
        found.push({ kind: "B", value: part.item });
        const pieces: Buffer[] = [];
        for await (const piece of part.bytes) pieces.push(Buffer.from(piece));
        const all = Buffer.concat(pieces);
        if (all.length > 0) found.push({ kind: "D", value: undefined, data: all });
        found.push({
          kind: "E",
          value: { sha256: createHash("sha256").update(all).digest("hex"), sizeBytes: all.length },
        });
      } else found.push({ kind: "Z", value: part.counts });
    }
    return found;
  }

  async function forged(change: (copy: Frames) => void): Promise<string> {
    const copy = structuredClone(frames.map(({ data, ...rest }) => rest)) as Frames;
    for (const [i, { data }] of frames.entries()) if (data) (copy[i] as { data?: Buffer }).data = data;
    change(copy);
    tries += 1;
    const file = join(home, `forged-${tries}`);
    await using handle = await open(file, "w");
    const to = new FrameWriter(handle);
    for (const { kind, value, data } of copy)
      await to.write(kind as "H", data ?? Buffer.from(JSON.stringify(value)));
    await to.flush();
    return file;
  }

  /** Is refused with those words; afterwards there is no workspace, no import and no file. */
  async function isRefused(file: string, words: RegExp, code = "BadExport"): Promise<void> {
    await assert.rejects(importWorkspace({ settings: into, file }), (error: Error & { code?: string }) => {
      assert.equal(error.code, code, error.stack);
      assert.match(error.message, words);
      return true;
    });
  }

  /** Either nothing was opened, or all that was written is gone again. */
  afterEach(async () => {
    if (!existsSync(join(into.data, "records.sqlite"))) return;
    const records = await openSqliteRecords({ file: join(into.data, "records.sqlite") });
    const workspaces = await records.workspaces.list();
    await records.close();
    assert.deepEqual(workspaces, []);
    await using stores = await openFilesOut(into);
    for await (const folder of stores.containerFolders(MOVED_SCOPE)) {
      const page = await stores.blobs.list({ kind: "folder", scope: MOVED_SCOPE, folder }, { limit: 1 });
      assert.deepEqual(page.values, [], folder);
    }
    for await (const one of stores.snapshots.snapshotsOf(MOVED_SCOPE)) assert.fail(one.id);
    for (const datastore of OWN_DATASTORES) {
      const bucket = bucketOf(MOVED_SCOPE, { datastore }, stores.keys);
      assert.deepEqual((await stores.blobs.list(bucket, { limit: 1 })).values, []);
    }
  });

  const head = (copy: Frames) =>
    copy[0]?.value as Record<string, unknown> & { workspace: Record<string, unknown> };
  const rowOf = (copy: Frames, table: string) =>
    (copy.find(({ value }) => Array.isArray(value) && value[0] === table) as { value: [string, unknown[]] })
      .value[1];
  const item = (copy: Frames, is: string) =>
    copy.find(({ kind, value }) => kind === "B" && (value as { is: string }).is === is)?.value as Record<
      string,
      unknown
    >;

  it("is cut, anywhere", async () => {
    const bytes = readFileSync(good);
    for (const length of [0, 5, MAGIC.length, MAGIC.length + 4, 400, bytes.length - 30, bytes.length - 1]) {
      const file = join(home, `cut-${length}`);
      writeFileSync(file, bytes.subarray(0, length));
      await isRefused(file, length < MAGIC.length ? /is none/ : /is cut/);
    }
  });

  it("has a byte that was changed, or goes on behind its end", async () => {
    const bytes = readFileSync(good);
    for (let at = MAGIC.length; at < bytes.length; at += Math.ceil(bytes.length / 10)) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] as number) ^ 0x10;
      const file = join(home, `changed-${at}`);
      writeFileSync(file, changed);
      await isRefused(file, /is damaged|is cut/);
    }
    const longer = join(home, "longer");
    writeFileSync(longer, Buffer.concat([bytes, Buffer.from("x")]));
    await isRefused(longer, /goes on behind its end/);
  });

  it("is of another form, of a newer program, or no archive", async () => {
    const file = join(home, "other");
    writeFileSync(file, readFileSync(good, "latin1").replace(MAGIC, "malachite-workspace 2\n"), "latin1");
    await isRefused(file, /has the form 2/);
    writeFileSync(file, "PK\u0003\u0004 and so on, much longer than the first line");
    await isRefused(file, /is none/);
    await isRefused(
      await forged((copy) => (head(copy).schema = 9_999)),
      /written by a newer Malachite \(schema 9999/,
    );
    await isRefused(join(home, "nothing"), /cannot be read: ENOENT/, "InvalidRequest");
    await isRefused(home, /no regular file|EISDIR/, "InvalidRequest");
  });

  it("unpacks to more than it says", async () => {
    const bomb = zstdCompressSync(Buffer.alloc(200_000_000));
    for (const said of [1_000_000, 64 * 1024 * 1024, 0xffffffff]) {
      const header = Buffer.alloc(10);
      header.write("H");
      header[1] = 1;
      header.writeUInt32BE(bomb.length, 2);
      header.writeUInt32BE(said, 6);
      const start = createHash("sha256").update(MAGIC).digest().subarray(0, 16);
      const hash = createHash("sha256").update(start).update(header).update(bomb).digest().subarray(0, 16);
      const file = join(home, `bomb-${said}`);
      writeFileSync(file, Buffer.concat([Buffer.from(MAGIC), header, bomb, hash]));
      await isRefused(file, /do not unpack|is damaged/);
    }
  });

  it("has files outside of their place", async () => {
    for (const path of ["../x", "a/../../x", "/etc/passwd", "a\0b", "", "a//b", "."])
      await isRefused(await forged((copy) => (item(copy, "file").path = path)), /that can be nowhere/);
    for (const place of [
      { folder: "../../tls" },
      { folder: ".." },
      { folder: "a/b" },
      { datastore: "other" },
      {},
      3,
    ])
      await isRefused(await forged((copy) => (item(copy, "file").in = place)), /nowhere|no place/);
    for (const path of ["../x", "/x", "a\\..\\b"])
      await isRefused(
        await forged((copy) => {
          const at = copy.findIndex(({ value }) => (value as { is?: string })?.is === "tree");
          const data = Buffer.from(
            String(copy[at + 1]?.data).replaceAll("train.py", path.replaceAll("\\", "\\\\")),
          );
          (copy[at + 1] as { data: Buffer }).data = data;
          (copy[at + 2] as { value: unknown }).value = { sha256: sha(data), sizeBytes: data.length };
        }),
        /has a project with a file/,
      );
    const crossing = { headers: { contentType: "text/plain\r\nSet-Cookie: x" } };
    await isRefused(
      await forged((copy) => Object.assign(item(copy, "file"), crossing)),
      /facts that no answer/,
    );
  });

  const sha = (data: Buffer): string => createHash("sha256").update(data).digest("hex");

  it("lies about sizes and contents", async () => {
    for (const is of ["file", "content"])
      for (const more of [1, -1])
        await isRefused(
          await forged((copy) => {
            item(copy, is).sizeBytes = (item(copy, is).sizeBytes as number) + more;
          }),
          /not what it says|without a size/,
        );
    await isRefused(
      await forged((copy) => (item(copy, "content").sha256 = "0".repeat(64))),
      /not what it says/,
    );
    await isRefused(
      await forged((copy) => (item(copy, "snapshot").tree = "0".repeat(64))),
      /whose files are not in it/,
    );
    // The hash of a project is only known when it is made: what came in by then is removed.
    await isRefused(
      await forged((copy) => {
        for (const { value } of copy)
          if ((value as { tree?: string })?.tree !== undefined)
            (value as { tree: string }).tree = "0".repeat(64);
      }),
      /not what its hash says/,
    );
  });

  it("has rows that no table has", async () => {
    const spoilt: readonly [string, number, unknown, RegExp][] = [
      ["runs", 0, 99, /number of no row of runs/],
      ["runs", 2, 99, /number of no row of experiments/],
      ["runs", 3, 1.5, /no whole number/],
      ["runs", 3, null, /is missing/],
      ["runs", 4, 7, /no text/],
      ["runs", 3, { a: 1 }, /no value of a table/],
      ["experiments", 6, "{", /no JSON/],
      ["metric_points", 1, "soon", /no number/],
    ];
    for (const [table, at, value, words] of spoilt)
      await isRefused(await forged((copy) => (rowOf(copy, table)[at] = value)), words);
    await isRefused(await forged((copy) => rowOf(copy, "runs").push(1)), /has not \d+ values/);
    await isRefused(
      await forged((copy) => {
        const at = copy.findIndex(({ kind }) => kind === "R");
        (copy[at]?.value as unknown[])[0] = "schema_migrations";
      }),
      /no table of it/,
    );
    // Twice the same: only the database sees it.
    await isRefused(
      await forged((copy) => {
        const runs = copy.find(({ value }) => Array.isArray(value) && value[0] === "runs")
          ?.value as unknown[];
        runs.push(runs[1]);
      }),
      /do not belong together/,
    );
    await isRefused(
      await forged((copy) => (head(copy).spans = { runs: { first: 1, last: 2 ** 50 } })),
      /proper numbers/,
    );
    await isRefused(await forged((copy) => (head(copy).workspace.workspace = "a/b")), /proper workspace/);
  });

  it("has its parts in another order", async () => {
    await isRefused(
      await forged((copy) => copy.splice(1, 0, copy.splice(0, 1)[0] as never)),
      /begin with its head/,
    );
    await isRefused(
      await forged((copy) => {
        const [row] = copy.splice(1, 1);
        copy.splice(copy.length - 1, 0, row as never);
      }),
      /where none can be/,
    );
    await isRefused(
      await forged((copy) =>
        copy.splice(
          copy.findIndex(({ kind }) => kind === "E"),
          1,
        ),
      ),
      /in the middle of an item/,
    );
  });

  it("is taken when nothing is wrong with it, and only once", async () => {
    const settings = placeOf(join(home, "well"));
    await importWorkspace({ settings, file: await forged(() => {}) });
    const file = join(home, "well.malachite");
    await exportWorkspace({ settings, workspace: MOVED_SCOPE, file });
    assert.deepEqual((await heldIn(file, String)).items, (await heldIn(good, String)).items);
    await assert.rejects(importWorkspace({ settings, file: good }), {
      code: "WorkspaceExists",
      message: /is there already and is not empty: it has experiments/,
    });
  });
});
