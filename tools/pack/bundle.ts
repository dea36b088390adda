// Bundles the command line, the client and the service into plain JavaScript files in one flat folder. Third-party packages
// stay outside: they are dependencies of the published package.
import { cpSync, existsSync, readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { type Plugin, rolldown } from "rolldown";
import { importsOf, type Node, nameOf, parseSource, walk } from "../source/read.ts";

/** The file that names everything which is started as a process or a thread, or read as data. */
export const ENTRIES_FILE = "packages/server/src/entries.ts";
const MAIN = "packages/cli/src/main.ts";
const EXAMPLE = "examples/train";

/** One line of the table of entries: a module to bundle by itself, or a folder of files to copy. */
export type Entry = { readonly name: string; readonly source: string; readonly isFolder: boolean };

/** Reads the table out of the source, so that an entry added there is packed without another list. Throws when it is empty. */
export function readEntries(root: string): Entry[] {
  const { program } = parseSource(ENTRIES_FILE, readFileSync(join(root, ENTRIES_FILE), "utf8"));
  const entries: Entry[] = [];
  walk(program, (node) => {
    if (node.type !== "Property" || (node.value as Node).type !== "NewExpression") return;
    const { callee, arguments: args } = node.value as Node & { callee: Node; arguments: readonly Node[] };
    const path = nameOf(args[0]);
    if (nameOf(callee) !== "URL" || !/^\.\.?\//.test(path)) return;
    const source = join(root, ENTRIES_FILE, "..", path);
    if (!existsSync(source)) throw new Error(`${ENTRIES_FILE} names ${path}, which is not there`);
    entries.push({ name: nameOf(node.key), source, isFolder: path.endsWith("/") });
  });
  if (entries.length === 0) throw new Error(`${ENTRIES_FILE} names no entries; has its form changed?`);
  return entries;
}

/** What the table says once everything lies side by side in one folder. */
function builtTable(entries: readonly Entry[]): string {
  const lines = entries.map(
    ({ name, isFolder }) => `  ${name}: new URL("./${name}${isFolder ? "/" : ".js"}", import.meta.url),`,
  );
  return `export const NODE_ARGS = [];\nexport const ENTRIES = {\n${lines.join("\n")}\n};\n`;
}

/** Third-party packages that the bundle imports, sorted. */
export type Bundled = { readonly externals: readonly string[]; readonly files: readonly string[] };

/** Writes the bundle into `out`, which is emptied first. */
export async function bundle(root: string, out: string): Promise<Bundled> {
  const entries = readEntries(root);
  const table: Plugin = {
    name: "malachite-entries",
    load: (id) => (id === join(root, ENTRIES_FILE) ? builtTable(entries) : null),
  };
  const modules = entries.filter((entry) => !entry.isFolder);
  const build = await rolldown({
    input: {
      main: join(root, MAIN),
      ...Object.fromEntries(modules.map(({ name, source }) => [name, source])),
    },
    cwd: root,
    platform: "node",
    external: (id) => !/^(\.|\/|@malachite\/)/.test(id) && !/^[A-Za-z]:[\\/]/.test(id),
    resolve: { conditionNames: ["malachite-src", "node", "import", "default"] },
    plugins: [table],
    onLog(level, log) {
      if (level === "warn") throw new Error(`The bundler warns: ${log.message}`);
    },
  });
  rmSync(out, { recursive: true, force: true });
  const { output } = await build.write({
    dir: out,
    format: "esm",
    // One flat folder: the table's relative URLs are then right from whichever chunk they end up in.
    entryFileNames: "[name].js",
    chunkFileNames: "[name]-[hash].js",
    comments: { legal: true, annotation: false, jsdoc: false },
  });
  await build.close();
  for (const { name, source } of entries.filter((entry) => entry.isFolder)) copy(source, join(out, name));
  copy(join(root, EXAMPLE), join(out, EXAMPLE));
  const externals = new Set<string>();
  // Read from what was written: what the bundler tells of its chunks leaves out packages that are loaded on demand.
  for (const chunk of output)
    if (chunk.type === "chunk")
      for (const { specifier } of importsOf(parseSource(chunk.fileName, chunk.code)))
        if (!/^(node:|\.)/.test(specifier))
          externals.add(specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/"));
  return { externals: [...externals].sort(), files: output.map(({ fileName }) => fileName) };
}

function copy(from: string, to: string): void {
  cpSync(from, to, {
    recursive: true,
    filter: (path) => !/^(__pycache__|.*\.pyc|.*\.test\..*|outputs|logs)$/.test(basename(path)),
  });
}
