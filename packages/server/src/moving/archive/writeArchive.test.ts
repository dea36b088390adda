// Where an archive cannot be written: what was asked, what was found, and what to do.
import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { writeArchive } from "./writeArchive.ts";

describe("an archive that cannot be written", () => {
  const inFolder = async (work: (folder: string) => Promise<void>): Promise<void> => {
    const folder = await mkdtemp(join(tmpdir(), "malachite-archive-"));
    try {
      await work(folder);
    } finally {
      await rm(folder, { recursive: true });
    }
  };
  const write = (file: string) => writeArchive(file, (to) => to.end({} as never));

  it("is told by its name where its folder is not there, or is none", () =>
    inFolder(async (folder) => {
      await assert.rejects(write(join(folder, "none", "a")), {
        code: "InvalidRequest",
        message: /'.*none\/a' cannot be written: ENOENT. Name a file in a folder that is there/,
      });
      await writeFile(join(folder, "file"), "");
      await assert.rejects(write(join(folder, "file", "a")), { code: "InvalidRequest", message: /ENOTDIR/ });
    }));

  it("says that the disk is full, and leaves nothing and what was there before", () =>
    inFolder(async (folder) => {
      const file = join(folder, "a");
      await writeFile(file, "before");
      await symlink("/dev/full", `${file}.part`);
      await assert.rejects(write(file), {
        code: "StorageFailed",
        message: "Writing the archive failed (ENOSPC). The disk is full: free some space.",
      });
      assert.deepEqual(await readdir(folder), ["a"]);
    }));
});
