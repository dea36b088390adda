// The habits of the house which a machine can hold: size, words, openings, tests that really run. Imports are rooms/check.ts.
import { lineAt, type Node, nameOf, type SourceFile, walk } from "../source/read.ts";

const MAX_LINES = 400;

/** Files above the limit of lines, each with the reason. */
export const LONG_FILES: Readonly<Record<string, string>> = {
  "packages/server/src/adapters/records/shared/moving/movedTables.ts":
    "one list of all tables and their columns",
};

/** Files with a default export, each with the reason. */
export const DEFAULT_EXPORTS: Readonly<Record<string, string>> = {
  "tools/testing/reporter.ts": "node:test takes a reporter in no other way",
  "packages/web/vite.config.ts": "vite takes its configuration in no other way",
};

/** Machine-made files, which nobody reads from top to bottom. */
const GENERATED = /\.generated\.ts$/;

// Written in pieces, so that this file does not hold what it forbids.
const WORDS: readonly { readonly pattern: RegExp; readonly why: string; readonly inTests: boolean }[] = [
  { pattern: new RegExp(`(?<![\\w.*-])/${"wo"}rk/`), why: "a path of one machine", inTests: true },
  { pattern: new RegExp(`(?<![\\w.*-])/${"ro"}ot\\b(?!:)`), why: "a path of one machine", inTests: false },
  {
    pattern: new RegExp(`\\b(${"TO"}DO|${"FIX"}ME|${"XX"}X)\\b(?!.*#\\d)`),
    why: "an open end without an issue number",
    inTests: true,
  },
  { pattern: /[\u{1F300}-\u{1FAFF}]/u, why: "an emoji", inTests: false },
];

const FILE_NAMES =
  /(^|[^a-z])(utils?|helpers?|managers?|misc|common)\.tsx?$|[a-z](Utils?|Helpers?|Manager|Impl)\.tsx?$/;
const TESTS = new Set(["test", "it", "describe", "suite"]);
const SWITCHES = new Set(["only", "skip", "todo"]);

/** What breaks the habits in one text file, source or not, as `path:line: what`. */
export function checkText(path: string, text: string): string[] {
  const broken: string[] = [];
  // Tests try hostile paths and odd letters on purpose.
  const words = /\.test\.ts$|\/conformance\//.test(path) ? WORDS.filter(({ inTests }) => inTests) : WORDS;
  for (const [index, line] of text.split("\n").entries())
    for (const { pattern, why } of words) {
      const found = pattern.exec(line);
      if (found !== null) broken.push(`${path}:${index + 1}: "${found[0]}" is ${why}`);
    }
  return broken;
}

/** What breaks the habits in one TypeScript file, as `path:line: what`. */
export function checkSource(file: SourceFile): string[] {
  const { path, text } = file;
  const broken: string[] = [];
  const lines = text.trimEnd().split("\n").length;
  if (lines > MAX_LINES && !GENERATED.test(path) && !(path in LONG_FILES))
    broken.push(`${path}: ${lines} lines; above ${MAX_LINES} a file needs a reason in tools/house/check.ts`);
  if (!/(\.test|(^|\/)index)\.ts$/.test(path) && !/^(#!.*\n)?\s*\/[/*]/.test(text))
    broken.push(`${path}:1: a file opens with a comment that says what it is for`);
  if (FILE_NAMES.test(path)) broken.push(`${path}: a file is named after what it does`);
  walk(file.program, (node) => {
    const fault = faultOf(node, path);
    if (fault !== undefined) broken.push(`${path}:${lineAt(text, node.start)}: ${fault}`);
  });
  return broken;
}

function faultOf(node: Node, path: string): string | undefined {
  if (node.type === "ExportDefaultDeclaration" && !(path in DEFAULT_EXPORTS))
    return "default export; a name is the same everywhere";
  if (node.type !== "CallExpression" || !path.endsWith(".test.ts")) return undefined;
  const callee = node.callee as Node;
  if (callee.type === "MemberExpression" && TESTS.has(nameOf(callee.object))) {
    const word = nameOf(callee.property);
    // `test.skip("no engine")` inside a test is the context's own, with a reason; it takes no function.
    const takesTest = (node.arguments as Node[]).some(({ type }) => /Function/.test(type));
    if (SWITCHES.has(word) && (takesTest || word === "todo"))
      return `${nameOf(callee.object)}.${word} switches tests off; skip with a condition and a reason`;
  }
  if (!TESTS.has(nameOf(callee))) return undefined;
  for (const argument of node.arguments as Node[])
    for (const property of argument.type === "ObjectExpression" ? (argument.properties as Node[]) : [])
      if (SWITCHES.has(nameOf(property.key)) && (property.value as Node).type === "Literal")
        return `{ ${nameOf(property.key)} } without a condition switches tests off`;
  return undefined;
}
