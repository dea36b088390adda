// Scripts that are run directly and by the Python start: whatever they print, however they end, must be the same.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { PYTHON_START, PYTHON_START_NAME } from "./pythonStart.ts";
import { type Case, SCRIPTS } from "./testing/scripts.ts";

const named = process.env.MALACHITE_TEST_PYTHON ?? "python3";
const pyenv = join(homedir(), ".pyenv", "versions");
const versionOf = (python: string): string =>
  spawnSync(python, ["-c", "import sys; print('%d.%02d' % sys.version_info[:2])"], {
    encoding: "utf8",
  }).stdout?.trim() ?? "";
const ofPyenv = (existsSync(pyenv) ? readdirSync(pyenv) : [])
  .map((name) => join(pyenv, name, "bin", "python"))
  .filter(existsSync)
  .sort((a, b) => versionOf(a).localeCompare(versionOf(b)));
const real = spawnSync(named, ["-c", "import sys; print(sys.executable)"], {
  encoding: "utf8",
}).stdout?.trim();
/** The usual one, and the oldest and the newest there are: each version in between behaves as one of these. */
const pythons = [...new Set([real, ofPyenv.at(0), ofPyenv.at(-1)])].filter((python) => python);

type Ended = { code: number | null; signal: string | null; stdout: string; stderr: string };

/** Runs it in `cwd` until it ends. */
async function ended(
  command: readonly string[],
  cwd: string,
  env: Record<string, string>,
  script: Case,
): Promise<Ended> {
  const [program = "", ...args] = command;
  const child = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stderr.on("data", (chunk) => (stderr += String(chunk)));
  child.stdout.on("data", (chunk) => {
    stdout += String(chunk);
    if (script.signal && stdout.includes("ready\n")) child.kill(script.signal);
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

/** What differs from one start to the next by itself. */
const comparable = ({ stdout, stderr, ...how }: Ended, folder: string) => ({
  ...how,
  stdout: plain(stdout, folder),
  stderr: plain(stderr, folder),
});
const plain = (text: string, folder: string) =>
  text
    .replaceAll(folder, "<folder>")
    .replace(/0x[0-9a-f]+/g, "0x")
    .replace(/Thread-\d+/g, "Thread");

for (const python of pythons as string[]) {
  const version = versionOf(python);
  const cases = Object.entries(SCRIPTS).filter(([, { since = "0" }]) => version >= since);
  describe(`a script by ${python}`, { concurrency: 2 }, () => {
    let root = "";
    before(() => {
      root = mkdtempSync(join(tmpdir(), "malachite start's "));
    });
    after(() => rmSync(root, { recursive: true, force: true }));

    for (const [name, script] of cases) {
      it(name, async () => {
        const results: unknown[] = [];
        for (const by of [[], [`../${PYTHON_START_NAME}`]]) {
          // The same path both times: it is in tracebacks.
          const folder = mkdtempSync(join(root, "run-"));
          const project = join(folder, "project");
          writeFileSync(join(folder, PYTHON_START_NAME), PYTHON_START);
          mkdirSync(project);
          for (const [path, content] of Object.entries(script.files)) {
            mkdirSync(dirname(join(project, path)), { recursive: true });
            writeFileSync(join(project, path), content);
          }
          const env = { PATH: "/usr/bin:/bin", PYTHONUNBUFFERED: "1", PYTHONHASHSEED: "0", ...script.env };
          const main = script.main ?? "main.py";
          const command = [python, ...by, main, ...(script.arguments ?? [])];
          results.push(comparable(await ended(command, project, env, script), folder));
        }
        assert.deepEqual(results[1], results[0]);
        if (script.says && !results.some((r) => JSON.stringify(r).includes(script.says ?? "")))
          assert.fail(`the script did not do what it is for: ${JSON.stringify(results[0])}`);
      });
    }
  });
}
