// The test runner itself: what it must never call a pass. Each case is a small repository of its own.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const RUNNER = fileURLToPath(new URL("./test.ts", import.meta.url));

async function runTests(
  files: Record<string, string>,
  args: readonly string[] = [],
): Promise<{ code: number | null; out: string; last: string }> {
  const root = mkdtempSync(join(tmpdir(), "malachite-runner-"));
  try {
    mkdirSync(join(root, "tools"));
    for (const [name, text] of Object.entries(files))
      writeFileSync(join(root, "tools", name), `import { test, describe } from "node:test";\n${text}`);
    // Inside a test process node:test marks its children; the mark would turn the runner's output into its own wire format.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const child = spawn(process.execPath, [RUNNER, "--root", root, ...args], { env });
    let out = "";
    child.stdout.on("data", (chunk) => {
      out += chunk;
    });
    child.stderr.on("data", (chunk) => {
      out += chunk;
    });
    const { promise, resolve } = Promise.withResolvers<number | null>();
    child.once("close", resolve);
    const code = await promise;
    return { code, out, last: out.trimEnd().split("\n").at(-1) ?? "" };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

const PASS = `test("fine", () => {});`;

test("counts passes of both kinds of files and ends with 0", async () => {
  const { code, last } = await runTests({ "a.test.ts": PASS, "b.proc.test.ts": PASS });
  assert.equal(last, "2 passed, 0 failed");
  assert.equal(code, 0);
});

test("unit tests and tests that own processes run side by side", async () => {
  const meets = (own: string, other: string) => `import { existsSync, writeFileSync } from "node:fs";
    import { setTimeout as pause } from "node:timers/promises";
    test("meets the other", async () => {
      writeFileSync("${own}", "");
      while (!existsSync("${other}")) await pause(10);
    });`;
  const { last } = await runTests(
    { "a.test.ts": meets("unit", "proc"), "b.proc.test.ts": meets("proc", "unit") },
    ["--deadline", "30"],
  );
  assert.equal(last, "2 passed, 0 failed");
});

test("a failure is named with its suite, file and reason", async () => {
  const text = `describe("box", () => { test("lid", () => { throw new Error("stuck lid"); }); });`;
  const { code, out, last } = await runTests({ "a.test.ts": text, "b.test.ts": PASS });
  assert.match(out, /✖ box > lid {2}\(tools\/a\.test\.ts\)\n {4}Error: stuck lid/);
  assert.equal(last, "1 passed, 1 failed");
  assert.equal(code, 1);
});

test("skipped tests are named with their reason and counted", async () => {
  const { code, out, last } = await runTests({
    "a.test.ts": `${PASS} test("engine", { skip: "no slurm here" }, () => {});`,
  });
  assert.match(out, /- skipped: engine {2}\(tools\/a\.test\.ts\): no slurm here/);
  assert.equal(last, "1 passed, 0 failed, 1 skipped");
  assert.equal(code, 0);
});

test("a file that does not load is a failure", async () => {
  const { code, out, last } = await runTests({ "a.test.ts": PASS, "b.test.ts": `import "./absent.ts";` });
  assert.match(out, /Cannot find module/);
  assert.equal(last, "1 passed, 1 failed");
  assert.equal(code, 1);
});

test("a process that leaves in the middle with code 0 is a failure that names the file", async () => {
  const { code, out } = await runTests({
    "a.test.ts": PASS,
    "b.test.ts": `test("leaves", () => { process.exit(0); });`,
  });
  assert.match(out, /tools\/b\.test\.ts the test process ended without a summary/);
  assert.equal(code, 1);
});

test("an open handle does not hang the run, and its file is named", async () => {
  const { code, out } = await runTests(
    { "a.test.ts": PASS, "b.test.ts": `test("leaks", () => { setInterval(() => {}, 1000); });` },
    ["--deadline", "2"],
  );
  assert.match(out, /tools\/b\.test\.ts left a handle open/);
  assert.equal(code, 1);
});

test("a test that never ends is stopped at the deadline, and is named", async () => {
  const { code, out } = await runTests(
    { "a.proc.test.ts": `test("stuck", () => new Promise(() => { setInterval(() => {}, 1000); }));` },
    ["--deadline", "2"],
  );
  assert.match(out, /a\.proc\.test\.ts: did not end within 2 s; running then: stuck/);
  assert.equal(code, 1);
});

test("an exception after the end of its test is a failure", async () => {
  const text = `test("early", () => { setTimeout(() => { throw new Error("too late"); }, 5); });
test("waits", () => new Promise((done) => { setTimeout(done, 100); }));`;
  const { code, out } = await runTests({ "a.test.ts": text });
  assert.match(out, /too late/);
  assert.equal(code, 1);
});

test("a child process that is left behind is a failure", { skip: process.platform !== "linux" }, async () => {
  const text = `import { spawn } from "node:child_process";
test("spawns", () => { spawn("sleep", ["60"], { stdio: "ignore" }).unref(); });`;
  const { code, out } = await runTests({ "a.proc.test.ts": text });
  assert.match(out, /left processes behind: \d+ \(sleep 60\)/);
  assert.equal(code, 1);
});

test("words choose files, and a word that chooses none is a failure", async () => {
  const files = { "a.test.ts": PASS, "b.test.ts": `test("bad", () => { throw new Error("no"); });` };
  const chosen = await runTests(files, ["a.test"]);
  assert.equal(chosen.last, "1 passed, 0 failed");
  assert.equal(chosen.code, 0);
  const none = await runTests(files, ["zebra"]);
  assert.equal(none.last, "0 passed, 1 failed");
  assert.equal(none.code, 1);
});

test("a file without tests is a failure, a file whose tests another file defines is not", async () => {
  const { code, out, last } = await runTests({
    "empty.test.ts": "export const nothing = describe && test;",
    "suite.ts": `export const suite = () => { test("shared", () => {}); };`,
    "uses.test.ts": `import { suite } from "./suite.ts"; suite();`,
  });
  assert.match(out, /✖ tools\/empty\.test\.ts .*\n {4}The file holds no tests/);
  assert.equal(last, "1 passed, 1 failed");
  assert.equal(code, 1);
});
