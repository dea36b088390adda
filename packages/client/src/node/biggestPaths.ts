// Finds what makes a project large, in paths that can be put into an ignore file as they are.

type Sized = { readonly path: string; readonly sizeBytes: number };
export type BigPath = { path: string; sizeBytes: number; files: number };

/** A folder is looked into when it holds more than this part of all, since "everything is in src/" helps nobody. */
const MOST = 0.8;
/** Inside, it must have few things, or one that makes up most of it; else the folder itself is the answer. */
const FEW = 20;
/** Folders that are one thing to their owner, whatever is in them. */
const ONE_THING = /(^|\/)(node_modules|\.?venv|env|__pycache__|site-packages|\.cache)\/$/;

/** The biggest files and folders (with a slash at the end), biggest first; by number of files where the sizes say nothing. */
export function biggestPaths(files: readonly Sized[], count = 5): BigPath[] {
  let groups = group(files, "");
  for (;;) {
    const [first, ...others] = groups;
    if (!first?.path.endsWith("/") || !holdsMost(first, groups) || isOneThing(first.path, files)) break;
    const inner = group(files, first.path);
    const [biggest] = inner;
    if (biggest === undefined || (inner.length > FEW && !holdsMost(biggest, inner))) break;
    groups = [...inner, ...others].sort(bySize);
  }
  return groups.slice(0, count);
}

/** The warning for people. */
export function largeProjectMessage(files: number, sizeBytes: number, biggest: readonly BigPath[]): string {
  const lines = biggest.map(
    (each) => `  ${sizeText(each.sizeBytes).padStart(9)}  ${each.path}${filesText(each)}`,
  );
  return [
    `The project has ${files.toLocaleString("en")} files, ${sizeText(sizeBytes)}. The biggest paths:`,
    ...lines,
    "Put what the run does not need into .amlignore.",
  ].join("\n");
}

function group(files: readonly Sized[], prefix: string): BigPath[] {
  const groups = new Map<string, BigPath>();
  for (const { path, sizeBytes } of files) {
    if (!path.startsWith(prefix)) continue;
    const slash = path.indexOf("/", prefix.length);
    const name = slash < 0 ? path : path.slice(0, slash + 1);
    const found = groups.get(name);
    if (found) {
      found.sizeBytes += sizeBytes;
      found.files += 1;
    } else {
      groups.set(name, { path: name, sizeBytes, files: 1 });
    }
  }
  return [...groups.values()].sort(bySize);
}

const bySize = (a: BigPath, b: BigPath): number =>
  b.sizeBytes - a.sizeBytes || b.files - a.files || (a.path < b.path ? -1 : 1);

function holdsMost(first: BigPath, groups: readonly BigPath[]): boolean {
  const total = groups.reduce((sum, each) => sum + each.sizeBytes, 0);
  return first.sizeBytes > MOST * total;
}

const isOneThing = (folder: string, files: readonly Sized[]): boolean =>
  ONE_THING.test(folder) || files.some(({ path }) => path === `${folder}pyvenv.cfg`);

const filesText = (each: BigPath): string =>
  each.path.endsWith("/")
    ? ` (${each.files.toLocaleString("en")} ${each.files === 1 ? "file" : "files"})`
    : "";

function sizeText(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
