// The program that helps on the far side, as one text: its files are sent with each connection, so nothing is installed there.
import { readFile } from "node:fs/promises";

/** In the order in which they need each other. */
const MODULES = [
  "far_wire",
  "far_files",
  "far_groups",
  "far_processes",
  "far_places",
  "far_gpus",
  "far_contents",
  "far_runs",
  "far_watch",
  "far_usage",
] as const;

/** What it says first; before it may come what a login prints. */
export const GREETING = "\0malachite-far\n";

/** Constant but for the name of the python, which is checked. It reads the rest of the program from its stdin. */
export const farCommand = (python: string): string =>
  `${python} -c 'import sys;sys.version_info<(3,6)and sys.exit("it is %s, and 3.6 or newer is needed"%sys.version.split()[0]);exec(sys.stdin.buffer.read(int(sys.stdin.buffer.readline())))'`;

/** The text of the program that begins a run. `folder` ends in a slash. */
export const beginProgram = (folder: URL): Promise<string> =>
  readFile(new URL("far_begin.py", folder), "utf8");

/** `folder` ends in a slash. */
export async function farProgram(folder: URL): Promise<Buffer> {
  const read = (name: string) => readFile(new URL(`${name}.py`, folder), "utf8");
  const parts = await Promise.all(
    MODULES.map(async (name) => `_add(${JSON.stringify(name)}, ${JSON.stringify(await read(name))})`),
  );
  const text = [
    "import sys, types",
    "def _add(name, source):",
    "    module = types.ModuleType(name)",
    "    sys.modules[name] = module",
    '    exec(compile(source, name + ".py", "exec"), module.__dict__)',
    ...parts,
    `sys.stdout.buffer.write(${JSON.stringify(GREETING).replaceAll("\\u0000", "\\0")}.encode())`,
    "sys.stdout.buffer.flush()",
    `_add("__main__", ${JSON.stringify(await read("far_main"))})`,
  ].join("\n");
  const program = Buffer.from(text);
  return Buffer.concat([Buffer.from(`${program.length}\n`), program]);
}
