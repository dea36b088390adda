// The habits of the house over all files of the repository, and the check itself against samples that break them.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { checkSource, checkText, DEFAULT_EXPORTS, LONG_FILES } from "./house/check.ts";
import { findFiles, parseSource, readSources } from "./source/read.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const TEXTS = [
  "*.{md,json,ts}",
  ".ci/*",
  "{packages,tools,e2e,bench,examples,docs,changes}/**/*.{ts,js,md,json,py,sh,bat,yml,yaml,runconfig}",
];

test("every source file keeps the habits", () => {
  const broken = readSources(root).flatMap(checkSource);
  assert.equal(broken.length, 0, `\n${broken.join("\n")}\n`);
});

test("no text holds a forbidden word", () => {
  const paths = findFiles(root, TEXTS).filter((path) => path !== "package-lock.json");
  assert.ok(paths.length > 20, "the files were not found");
  const broken = paths.flatMap((path) => checkText(path, readFileSync(`${root}/${path}`, "utf8")));
  assert.equal(broken.length, 0, `\n${broken.join("\n")}\n`);
});

test("the lockfile names no address to download from: each user's npm knows its own", () => {
  const lock = JSON.parse(readFileSync(`${root}/package-lock.json`, "utf8")) as {
    packages: Record<string, { resolved?: string; link?: boolean }>;
  };
  for (const [name, { resolved, link }] of Object.entries(lock.packages))
    assert.ok(link === true || resolved === undefined, `${name} is resolved from ${resolved}`);
});

test("every exception is still there and still needed", () => {
  for (const path of [...Object.keys(LONG_FILES), ...Object.keys(DEFAULT_EXPORTS)])
    assert.ok(existsSync(`${root}/${path}`), `${path} is gone; remove its exception`);
  for (const path of Object.keys(LONG_FILES))
    assert.ok(readFileSync(`${root}/${path}`, "utf8").split("\n").length > 400, `${path} needs no exception`);
});

const source = (path: string, text: string) => checkSource(parseSource(path, text)).join("\n");

test("finds what is too long, opens with code, or is named after nothing", () => {
  assert.match(source("a.ts", `// Long.\n${"export {};\n".repeat(400)}`), /401 lines/);
  assert.match(source("a.ts", "export {};"), /opens with a comment/);
  assert.match(source("src/stringUtils.ts", "// x"), /named after what it does/);
  assert.match(source("src/helpers.ts", "// x"), /named after what it does/);
  assert.match(source("a.ts", "// x\nexport default 1;"), /a\.ts:2: default export/);
  assert.equal(source("a.ts", "// Fine.\nexport const a = 1;"), "");
});

test("finds tests that are switched off", () => {
  for (const line of [
    "test.only('a', () => {});",
    "describe.skip('a', () => {});",
    "it('a', { skip: true }, () => {});",
    "test('a', { only: true }, () => {});",
    "it.todo('a');",
  ])
    assert.match(source("a.test.ts", `// x\n${line}`), /a\.test\.ts:2: .*switches tests off/, line);
  assert.equal(
    source("a.test.ts", "// x\ntest('a', { skip: absent && 'no docker' }, (t) => { t.skip('no'); });"),
    "",
  );
});

test("finds forbidden words", () => {
  const todo = ["TO", "DO"].join("");
  assert.match(
    checkText("a.md", `see ${["", "wo", "rk/x"].join("/").replace("/wo/rk", "/work")}`).join(),
    /path of one machine/,
  );
  assert.match(checkText("a.md", `cd ${"/ro"}${"ot/x"}`).join(), /path of one machine/);
  assert.match(checkText("a.ts", `// ${todo}: later`).join(), /open end/);
  assert.deepEqual(checkText("a.ts", `// ${todo} #12: later\n// packages/work/a and a work/b`), []);
});
