// The check of the pages, against pages that are wrong.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { anchorsOf, blocksOf, checkDecisions, checkLinks } from "./docs/check.ts";

test("links and anchors must lead somewhere", (t) => {
  const root = mkdtempSync(join(tmpdir(), "malachite-docs-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, "docs"));
  writeFileSync(
    join(root, "README.md"),
    "# Top\n[a](docs/a.md) [b](docs/a.md#part-two) [out](https://example.org/x)\n",
  );
  writeFileSync(
    join(root, "docs/a.md"),
    "# A\n## Part two\n[up](../README.md#top) `[no](link.md)`\n```md\n[no](x.md)\n```\n",
  );
  assert.deepEqual(checkLinks(root, "README.md"), []);
  assert.deepEqual(checkLinks(root, "docs/a.md"), []);
  writeFileSync(join(root, "README.md"), "[a](docs/b.md) [b](docs/a.md#part-three) [c](#nothing)\n");
  assert.deepEqual(checkLinks(root, "README.md"), [
    "README.md: links to docs/b.md, which is not there",
    "README.md: links to docs/a.md#part-three, but docs/a.md has no heading of that name",
    "README.md: links to #nothing, but README.md has no heading of that name",
  ]);
});

test("anchors are those of GitHub", () => {
  assert.deepEqual(
    [...anchorsOf("# The `run`, again!\n## A & B\n## A & B\n```\n# not a heading\n```\n")],
    ["the-run-again", "a--b", "a--b-1"],
  );
});

test("blocks know their language and line", () => {
  assert.deepEqual(blocksOf("x\n```ts\nconst a = 1;\n```\n```sh\nls\n```\n"), [
    { language: "ts", text: "const a = 1;\n", line: 3 },
    { language: "sh", text: "ls\n", line: 6 },
  ]);
});

test("a decision has a number of its own", () => {
  assert.deepEqual(checkDecisions(["docs/decisions/0001-a.md", "docs/decisions/0002-b.md"]), []);
  assert.equal(
    checkDecisions(["docs/decisions/0001-a.md", "docs/decisions/0001-b.md", "docs/decisions/x.md"]).length,
    2,
  );
});
