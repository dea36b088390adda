// `npm test`: unit tests in one process, tests that own processes one process each. Words as arguments choose files by path.
import "./needNode.js";
import { globSync } from "node:fs";
import { relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type GroupResult, runGroup } from "./testing/group.ts";
import type { Message } from "./testing/reporter.ts";

const SUITES: Readonly<Record<string, readonly string[]>> = {
  unit: ["packages/*/{src,conformance,test,tools}/**/*.test.ts", "tools/**/*.test.ts"],
  e2e: ["e2e/**/*.test.ts"],
};
const AT_ONCE = 2;
const SLOWEST_TOLD = 8;
/** What takes minutes begins first: a file that begins late is waited for alone. */
const LONG =
  /^e2e\/(clients\/azuremlCore|crash\.|storage\/objectStorage|groups\/spark)|\/(dataMounts|dataCarrier|computeDriver\.slurm|killedStores)\./;
const HELP = `npm test -- [WORD…] [-t NAME] [--deadline SECONDS] [--root DIR]
  WORD        only test files whose path holds one of these words
  -t NAME     only tests whose name matches this pattern
  --deadline  how long one test process may take (default 1200)
  --root      the repository to test (default: this one)
  --suite     unit (default) or e2e, whose files get a process each`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    name: { type: "string", short: "t" },
    deadline: { type: "string", default: "1200" },
    root: { type: "string", default: fileURLToPath(new URL("..", import.meta.url)) },
    suite: { type: "string", default: "unit" },
    help: { type: "boolean", short: "h" },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit(0);
}
const deadlineMs = Number(values.deadline) * 1000;
if (!(deadlineMs > 0)) throw new Error(`--deadline takes seconds, not ${values.deadline}`);

const patterns = SUITES[values.suite];
if (patterns === undefined)
  throw new Error(`--suite takes ${Object.keys(SUITES).join(" or ")}, not ${values.suite}`);

const root = values.root;
process.chdir(root);
const chosen = globSync(patterns, { exclude: (path) => /(^|[\\/])(node_modules|dist)$/.test(String(path)) })
  .map((file) => file.split(sep).join("/"))
  .filter((file) => positionals.length === 0 || positionals.some((word) => file.includes(word)))
  .sort()
  .toSorted((a, b) => Number(LONG.test(b)) - Number(LONG.test(a)));
const isProc = (file: string) => values.suite === "e2e" || file.endsWith(".proc.test.ts");

const total = { passed: 0, failed: 0, skipped: 0 };
const skipped: string[] = [];
const short = (file: string) => (file === "" ? "" : relative(process.cwd(), file));
const indent = (text: string) => text.replace(/^/gm, "    ");

function tell(message: Message): void {
  if (message.type === "fail")
    console.log(`✖ ${message.title}  (${short(message.file)})\n${indent(message.reason)}\n`);
  if (message.type === "stray") console.log(`✖ after its test had ended\n${indent(message.reason)}\n`);
  if (message.type === "skip")
    skipped.push(`${message.title}  (${short(message.file)})${message.why === "" ? "" : `: ${message.why}`}`);
}

function fail(label: string, trouble: string, output: string): void {
  total.failed++;
  console.log(`✖ ${label}: ${trouble}`);
  if (output.trim() !== "") console.log(indent(output.trim().split("\n").slice(-40).join("\n")));
  console.log();
}

function add(label: string, result: GroupResult): void {
  total.passed += result.passed;
  total.failed += result.failed;
  total.skipped += result.skipped;
  if (result.trouble !== undefined) fail(label, result.trouble, result.output);
}

async function runAll<T>(items: readonly T[], run: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const item of queue) await run(item);
    }),
  );
}

/** Names the files that do not end well when they run alone: a process shared by all cannot say which one it was. */
async function findCulprits(files: readonly string[]): Promise<string[]> {
  const culprits: string[] = [];
  await runAll(files, async (file) => {
    const alone = await runGroup([file], { deadlineMs: 30_000, drainMs: 3_000, tell: () => {} });
    if (alone.ending !== "summary") culprits.push(`${file} ${alone.trouble}`);
  });
  return culprits.length > 0
    ? culprits.sort()
    : ["no file does this when it runs alone: they disturb each other"];
}

const options = { deadlineMs, tell, ...(values.name === undefined ? {} : { namePattern: values.name }) };
const startedAt = performance.now();
const took: { readonly file: string; readonly seconds: number }[] = [];

async function runUnits(files: readonly string[]): Promise<void> {
  const result = await runGroup(files, options);
  add("unit tests", result);
  if (result.ending !== "summary" && files.length > 1)
    for (const line of await findCulprits(files)) console.log(`    ${line}`);
}

async function runProc(file: string): Promise<void> {
  const result = await runGroup([file], options);
  add(file, result);
  if (result.trouble === undefined && result.failed > 0 && result.output.trim() !== "")
    console.log(`  output of ${file}\n${indent(result.output.trim().split("\n").slice(-20).join("\n"))}\n`);
}

const units = chosen.filter((file) => !isProc(file));
const jobs = [
  ...(units.length > 0 ? [{ file: "unit tests", run: () => runUnits(units) }] : []),
  ...chosen.filter(isProc).map((file) => ({ file, run: () => runProc(file) })),
];
await runAll(jobs, async ({ file, run }) => {
  const from = performance.now();
  await run();
  took.push({ file, seconds: (performance.now() - from) / 1000 });
});

if (chosen.length === 0) fail("npm test", `no test file matches ${positionals.join(" ") || "anything"}`, "");
else if (total.passed + total.failed + total.skipped === 0) fail("npm test", "no test was run", "");
for (const name of skipped) console.log(`- skipped: ${name}`);
if (took.length > SLOWEST_TOLD) {
  const slowest = took.toSorted((a, b) => b.seconds - a.seconds).slice(0, SLOWEST_TOLD);
  console.log(`slowest: ${slowest.map(({ file, seconds }) => `${file} ${seconds.toFixed(0)} s`).join(", ")}`);
}
console.log(`${chosen.length} files in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
const tail = total.skipped > 0 ? `, ${total.skipped} skipped` : "";
console.log(`${total.passed} passed, ${total.failed} failed${tail}`);
process.exitCode = total.failed > 0 ? 1 : 0;
