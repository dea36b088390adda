import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type TemporaryFolder, temporaryFolder } from "../../test/temporaryFolder.ts";
import { ProjectError, type WalkOptions, walkProject } from "./walk.ts";

const paths = async (folder: TemporaryFolder, options?: WalkOptions): Promise<string[]> =>
  (await walkProject(folder.path, options)).files.map((file) => file.path);

test("all files, sorted, with the executable ones marked; .git never", async () => {
  using folder = temporaryFolder();
  for (const name of ["b.py", "a/z.txt", "a/b/c", "a-b", ".hidden", ".azureml/config.json", ".gitkeep"])
    folder.write(name);
  for (const name of [".git/HEAD", "sub/.git"]) folder.write(name);
  chmodSync(folder.write("run.sh"), 0o750);
  const { files, left } = await walkProject(folder.path);
  assert.deepEqual(
    files.map((file) => file.path),
    [".azureml/config.json", ".gitkeep", ".hidden", "a-b", "a/b/c", "a/z.txt", "b.py", "run.sh"],
  );
  assert.deepEqual(
    files.filter((file) => file.executable).map((file) => file.path),
    ["run.sh"],
  );
  assert.deepEqual(left, []);
});

test(".amlignore wins over .gitignore, and only the folder's own file counts", async () => {
  using folder = temporaryFolder();
  for (const name of ["keep.py", "data/x", "out/y", "in/skip", "in/.gitignore"]) folder.write(name);
  folder.write("in/.gitignore", "skip\n");
  folder.write(".gitignore", "/data/\n");
  assert.deepEqual(await paths(folder), [".gitignore", "in/.gitignore", "in/skip", "keep.py", "out/y"]);
  folder.write(".amlignore", "\ufeff# mine\r\nout\r\n");
  assert.deepEqual(await paths(folder), [
    ".amlignore",
    ".gitignore",
    "data/x",
    "in/.gitignore",
    "in/skip",
    "keep.py",
  ]);
});

test("patterns mean what they mean to git", async () => {
  using folder = temporaryFolder();
  const rules = [
    "*.log",
    "!keep.log",
    "/only-root",
    "dir/",
    "a/**/z",
    "\\#hash",
    "\\!bang",
    "sp ace",
    "q?",
    "[ab]c",
    "**/deep",
    "Case",
    "x/*",
    "!x/y",
    "trail\\ ",
  ];
  const files = [
    "1.log",
    "keep.log",
    "s/2.log",
    "s/keep.log",
    "only-root",
    "s/only-root",
    "dir/f",
    "s/dir/g",
    "t/dir",
    "a/z",
    "a/1/2/z",
    "a/1/2/y",
    "#hash",
    "!bang",
    "sp ace",
    "q1",
    "q12",
    "ac",
    "cc",
    "u/deep/f",
    "case",
    "Case",
    "x/y",
    "x/z",
    "trail ",
  ];
  for (const name of files) folder.write(name);
  folder.write(".gitignore", `${rules.join("\n")}\n`);
  const git = (...args: string[]) =>
    execFileSync("git", ["-c", "core.ignorecase=false", "-c", "core.excludesFile=/dev/null", ...args], {
      cwd: folder.path,
      encoding: "utf8",
      env: { PATH: process.env.PATH },
    });
  git("init", "-q");
  const expected = git("ls-files", "-z", "--others", "--exclude-standard").split("\0").filter(Boolean).sort();
  assert.deepEqual(await paths(folder), expected);
});

test("links are followed and sent as what they lead to; the rules see the link's own path", async () => {
  using folder = temporaryFolder();
  folder.write("real/data.csv", "1,2");
  folder.write("secret/key");
  symlinkSync("real", join(folder.path, "alias"));
  symlinkSync("real/data.csv", join(folder.path, "table.csv"));
  symlinkSync("real", join(folder.path, "skipped"));
  folder.write(".amlignore", "skipped/\nsecret\n");
  const { files } = await walkProject(folder.path);
  assert.deepEqual(
    files.map(({ path, sizeBytes }) => [path, sizeBytes]),
    [
      [".amlignore", 16],
      ["alias/data.csv", 3],
      ["real/data.csv", 3],
      ["table.csv", 3],
    ],
  );
});

test("links that lead nowhere, in a circle, or to no file are left out by name", async () => {
  using folder = temporaryFolder();
  folder.write("a/b/file");
  symlinkSync("nowhere", join(folder.path, "broken"));
  symlinkSync("self", join(folder.path, "self"));
  symlinkSync("..", join(folder.path, "a/b/up"));
  symlinkSync(".", join(folder.path, "here"));
  execFileSync("mkfifo", [join(folder.path, "fifo")]);
  symlinkSync("fifo", join(folder.path, "to-fifo"));
  const { files, left } = await walkProject(folder.path);
  assert.deepEqual(
    files.map((file) => file.path),
    ["a/b/file"],
  );
  assert.deepEqual(left.map((each) => each.path).sort(), [
    "a/b/up",
    "broken",
    "fifo",
    "here",
    "self",
    "to-fifo",
  ]);
  for (const { reason } of left) assert.match(reason, /^it is /);
});

test("a link that leads out of the project is refused by name, unless it is ignored or allowed", async () => {
  using outside = temporaryFolder();
  using folder = temporaryFolder();
  outside.write("id_rsa", "secret");
  symlinkSync(join(outside.path, "id_rsa"), join(folder.path, "innocent.txt"));
  symlinkSync(outside.path, join(folder.path, "data"));
  await assert.rejects(walkProject(folder.path), (error: ProjectError) => {
    assert.equal(error.name, "ProjectError");
    assert.ok(["innocent.txt", "data"].includes(error.path));
    assert.match(error.message, /leads out of the project/);
    return true;
  });
  assert.deepEqual(await paths(folder, { followLinks: "all" }), ["data/id_rsa", "innocent.txt"]);
  folder.write(".amlignore", "/data\ninnocent.txt\n");
  assert.deepEqual(await paths(folder), [".amlignore"]);
});

test("a folder beside the project whose name begins like it is outside", async () => {
  using folder = temporaryFolder();
  mkdirSync(join(folder.path, "p"));
  folder.write("p-evil/x");
  symlinkSync("../p-evil/x", join(folder.path, "p/x"));
  await assert.rejects(walkProject(join(folder.path, "p")), /leads out of the project/);
});

test("names that cannot be sent are refused, and can be ignored", async () => {
  for (const name of [Buffer.from([0x61, 0xff]), Buffer.from("a\\b")]) {
    using folder = temporaryFolder();
    writeFileSync(Buffer.concat([Buffer.from(`${folder.path}/`), name]), "");
    await assert.rejects(walkProject(folder.path), ProjectError);
    folder.write(".amlignore", "a*\n");
    assert.deepEqual(await paths(folder), [".amlignore"]);
  }
});

test("a folder that is not there, or is a file, is told by its name", async () => {
  using folder = temporaryFolder();
  await assert.rejects(walkProject(join(folder.path, "none")), /none cannot be read/);
  await assert.rejects(walkProject(folder.write("file")), /file is not a folder/);
});

test("a walk that is not wanted any more stops", async () => {
  using folder = temporaryFolder();
  folder.write("a");
  await assert.rejects(walkProject(folder.path, { abortSignal: AbortSignal.abort() }), {
    name: "AbortError",
  });
});
