// `npm run check`: format and lint, types, rooms and habits, generated files, docs; side by side, one line each.
import "./needNode.js";
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const node = [process.execPath, "--conditions=malachite-src", "--disable-warning=ExperimentalWarning"];
const bin = (name: string, script: string) => [process.execPath, `node_modules/${name}/${script}`];

const CHECKS: Readonly<Record<string, readonly string[]>> = {
  "format and lint": [...bin("@biomejs/biome", "bin/biome"), "ci", "--colors=off", "."],
  types: [...bin("typescript", "bin/tsc"), "-p", ".", "--pretty", "false"],
  "rooms and habits": [...node, "tools/test.ts", "tools/rooms.test.ts", "tools/house.test.ts"],
  "generated files": [...node, "tools/generate.ts", "--check"],
  docs: [...node, "tools/docs.ts"],
};

type Outcome = { readonly name: string; readonly ok: boolean; readonly output: string; readonly ms: number };

function runCheck(name: string, [command = "", ...args]: readonly string[]): Promise<Outcome> {
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const keep = (chunk: Buffer) => {
      output += chunk.toString("utf8");
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    const end = (ok: boolean) => resolve({ name, ok, output, ms: performance.now() - startedAt });
    child.once("error", (error) => {
      output += error.message;
      end(false);
    });
    child.once("close", (code) => end(code === 0));
  });
}

const outcomes = await Promise.all(
  Object.entries(CHECKS).map(async ([name, command]) => {
    const outcome = await runCheck(name, command);
    console.log(`${outcome.ok ? "✔" : "✖"} ${name} (${(outcome.ms / 1000).toFixed(1)} s)`);
    return outcome;
  }),
);
const failed = outcomes.filter((one) => !one.ok);
for (const { name, output } of failed) console.log(`\n── ${name}\n${output.trimEnd()}`);
console.log(`\n${outcomes.length - failed.length} passed, ${failed.length} failed`);
process.exitCode = failed.length > 0 ? 1 : 0;
