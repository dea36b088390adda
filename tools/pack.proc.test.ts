// The bundle that is published: it imports what its package declares and nothing else, and it starts.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type Bundled, bundle, readEntries } from "./pack/bundle.ts";
import { findFiles } from "./source/read.ts";

const root = fileURLToPath(new URL("..", import.meta.url)).replace(/[\\/]$/, "");
const json = (path: string) => JSON.parse(readFileSync(join(root, path), "utf8"));
let out: string;
let built: Bundled;

before(async () => {
  // Inside the checkout, so that the bundle finds the packages it leaves outside.
  out = mkdtempSync(join(root, "node_modules", ".pack-test-"));
  built = await bundle(root, out);
});
after(() => rmSync(out, { recursive: true, force: true }));

test("what the bundle imports is what packages/cli/package.json declares", () => {
  assert.deepEqual(built.externals, Object.keys(json("packages/cli/package.json").dependencies).sort());
});

test("the ranges are those of the packages inside", () => {
  const declared = json("packages/cli/package.json").dependencies;
  for (const path of findFiles(root, ["packages/{contract,core,server,client}/package.json"]))
    for (const [name, range] of Object.entries(json(path).dependencies ?? {}))
      if (name in declared) assert.equal(declared[name], range, `${name} in ${path}`);
});

test("every entry is there under its own name", () => {
  for (const { name, isFolder } of readEntries(root))
    assert.ok(existsSync(join(out, isFolder ? name : `${name}.js`)), `${name} is missing`);
  assert.ok(existsSync(join(out, "examples/train/train.py")));
});

test("it runs without the source", () => {
  const code = `const { main } = await import(${JSON.stringify(pathToFileURL(join(out, "main.js")).href)});
    process.exitCode = await main(["--version"], () => ({ out: async (text) => process.stdout.write(text) }));`;
  const printed = execFileSync(process.execPath, ["--input-type=module", "-e", code], { encoding: "utf8" });
  assert.equal(printed.trim(), json("packages/cli/package.json").version);
});

test("no file of it speaks of TypeScript files that are not there", () => {
  for (const file of built.files) {
    const text = readFileSync(join(out, file), "utf8");
    // A default that compose never uses, because it names the entry itself.
    for (const [, name] of text.matchAll(/new URL\("(\.\/[^"]+\.ts)", import\.meta\.url\)/g))
      assert.ok(["./worker.ts"].includes(name ?? ""), `${file} would look for ${name}`);
  }
});
