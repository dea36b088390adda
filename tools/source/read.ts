// Finds the source files of the repository and reads what a check wants to know of one. Decides nothing.
import { globSync, readFileSync } from "node:fs";
import { parseAst } from "rolldown/parseAst";

/** A syntax node as the parser gives it; only what the checks look at is spelled out. */
export type Node = {
  readonly type: string;
  readonly start: number;
  readonly [key: string]: unknown;
};

/** One import of a file: `import`, `export from`, `import()` or the type `import("…")`. */
export type Import = {
  readonly specifier: string;
  readonly line: number;
  /** The names it takes, `*` when it takes the whole module. */
  readonly names: readonly string[];
};

export type SourceFile = {
  /** From the root of the repository, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly program: Node;
};

const SKIPPED = /(^|[\\/])(node_modules|dist|\.git|\.venv|__pycache__|\.malachite)$/;

/** Paths of the files that match, from `root`, sorted; never anything installed or built. */
export function findFiles(root: string, patterns: readonly string[]): string[] {
  return globSync([...patterns], { cwd: root, exclude: (path) => SKIPPED.test(String(path)) })
    .map((path) => path.replaceAll("\\", "/"))
    .sort();
}

const LANGUAGES: Readonly<Record<string, "js" | "ts" | "tsx">> = { ".js": "js", ".ts": "ts", ".tsx": "tsx" };

/** Parses TypeScript or JavaScript. Throws the parser's error with the path in front. */
export function parseSource(path: string, text: string): SourceFile {
  try {
    const program = parseAst(text.replace(/^#!.*/, ""), {
      lang: LANGUAGES[/\.\w+$/.exec(path)?.[0] ?? ""] ?? "ts",
    });
    return { path, text, program: program as unknown as Node };
  } catch (error) {
    throw new Error(`${path} cannot be parsed`, { cause: error });
  }
}

/** All TypeScript files of packages, tools, tests and examples, parsed. */
export function readSources(root: string): SourceFile[] {
  return findFiles(root, ["{packages,tools,e2e,bench,examples}/**/*.{ts,tsx}"]).map((path) =>
    parseSource(path, readFileSync(`${root}/${path}`, "utf8")),
  );
}

/** Line of an offset, from 1. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && typeof (value as Node).type === "string";

/** Calls `visit` for a node and for all inside it, outer first. */
export function walk(node: Node, visit: (node: Node) => void): void {
  visit(node);
  for (const value of Object.values(node)) {
    if (Array.isArray(value)) for (const item of value) isNode(item) && walk(item, visit);
    else if (isNode(value)) walk(value, visit);
  }
}

/** The text of a name: an identifier, or a string literal used as one. */
export function nameOf(node: unknown): string {
  const { name, value } = (node ?? {}) as { name?: unknown; value?: unknown };
  return typeof name === "string" ? name : typeof value === "string" ? value : "";
}

function namesOf(node: Node): string[] {
  if (node.type === "ImportDeclaration")
    return (node.specifiers as Node[]).map((one) =>
      one.type === "ImportSpecifier"
        ? nameOf(one.imported)
        : one.type === "ImportDefaultSpecifier"
          ? "default"
          : "*",
    );
  if (node.type === "ExportNamedDeclaration")
    return (node.specifiers as Node[]).map((one) => nameOf(one.local));
  if (node.type === "TSImportType" && isNode(node.qualifier)) {
    let first: Node = node.qualifier;
    while (isNode(first.left)) first = first.left;
    return [nameOf(first)];
  }
  return ["*"];
}

const IMPORTING = new Set([
  "ImportDeclaration",
  "ExportNamedDeclaration",
  "ExportAllDeclaration",
  "ImportExpression",
  "TSImportType",
]);

/** Every import of a file whose specifier is a plain string. */
export function importsOf(file: SourceFile): Import[] {
  const found: Import[] = [];
  walk(file.program, (node) => {
    if (!IMPORTING.has(node.type) || !isNode(node.source)) return;
    const specifier = nameOf(node.source);
    if (specifier !== "")
      found.push({ specifier, line: lineAt(file.text, node.start), names: namesOf(node) });
  });
  return found;
}

/** The names a file itself declares and exports. */
export function declaredExports(file: SourceFile): string[] {
  const names: string[] = [];
  for (const node of file.program.body as Node[]) {
    if (node.type !== "ExportNamedDeclaration" || isNode(node.source)) continue;
    for (const one of node.specifiers as Node[]) names.push(nameOf(one.exported));
    const declaration = node.declaration as Node | null;
    if (declaration === null) continue;
    if (isNode(declaration.id)) names.push(nameOf(declaration.id));
    for (const one of (declaration.declarations as Node[] | undefined) ?? [])
      walk(one.id as Node, (inner) => {
        if (inner.type === "Identifier") names.push(nameOf(inner));
      });
  }
  return names;
}
