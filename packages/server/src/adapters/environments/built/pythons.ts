// The pythons of this machine: on the PATH, of pyenv, of uv. Real binaries with their versions: a script such as pyenv's shim is
// asked which one it stands for.
import { execFile } from "node:child_process";
import { access, constants, open, readdir, realpath, stat } from "node:fs/promises";
import { basename, delimiter, isAbsolute, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export type Python = { readonly path: string; readonly version: string };

/** New ones may be installed at any time; so long the list is taken for true. */
const TRUST_MS = 60_000;
const ANSWER_MS = 20_000;
/** In a virtual environment the python is that of another: environments are made from that one. */
const QUESTION =
  "import sys; v=sys.version_info; sys.stdout.write('%d.%d.%d %s %s' % (v[0],v[1],v[2],v[3],getattr(sys,'_base_executable',None) or sys.executable))";

export type PythonPlaces = {
  readonly path: string;
  /** Folders with one python in each of their folders: pyenv's versions, those that uv has fetched. */
  readonly collections: readonly string[];
};

/** Lists them, those on the PATH first; each binary is asked once as long as it does not change. */
export function createPythons(
  { path, collections }: PythonPlaces,
  now: () => number,
): { list(fresh?: boolean): Promise<readonly Python[]> } {
  const asked = new Map<string, Promise<Python | undefined>>();
  let known: { readonly list: Promise<readonly Python[]>; readonly until: number } | undefined;

  async function look(): Promise<readonly Python[]> {
    const onPath = path.split(delimiter).filter((folder) => isAbsolute(folder));
    const candidates = [
      ...(await Promise.all(onPath.map(pythonsIn))).flat(),
      ...(await Promise.all(collections.map(eachIn))).flat(),
    ];
    const found = await Promise.all(candidates.map(answer));
    const byBinary = new Map<string, Python>();
    for (const python of found) if (python && !byBinary.has(python.path)) byBinary.set(python.path, python);
    return [...byBinary.values()];
  }

  async function answer(candidate: string): Promise<Python | undefined> {
    const file = await realpath(candidate).catch(() => undefined);
    if (file === undefined || !(await isAskable(file))) return undefined;
    const { mtimeMs } = await stat(file);
    const key = `${candidate} ${file} ${mtimeMs}`;
    const before = asked.get(key);
    if (before) return before;
    const python = ask(candidate);
    asked.set(key, python);
    return python;
  }

  return {
    list(fresh = false) {
      if (fresh || known === undefined || known.until <= now())
        known = { list: look(), until: now() + TRUST_MS };
      return known.list;
    },
  };
}

async function ask(python: string): Promise<Python | undefined> {
  try {
    const { stdout } = await run(python, ["-I", "-S", "-c", QUESTION], { timeout: ANSWER_MS });
    const [version = "", level, ...path] = stdout.split(" ");
    // A release candidate is not what 3.14 means.
    if (level !== "final") return undefined;
    return { path: await realpath(path.join(" ")), version };
  } catch {
    // Broken, or no python at all: there are others.
    return undefined;
  }
}

async function pythonsIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => [] as string[]);
  const ours = names.filter((name) => /^python(3(\.\d+)?)?$/.test(name));
  // `python3` is what the machine's own users mean; versions follow, the newest last.
  return ours.sort((a, b) => rank(a) - rank(b)).map((name) => join(folder, name));
}

const rank = (name: string): number => (name === "python3" ? 0 : name === "python" ? 1 : 2);

async function eachIn(collection: string): Promise<string[]> {
  const names = await readdir(collection).catch(() => [] as string[]);
  return names
    .filter((name) => !name.startsWith("."))
    .map((name) => join(collection, name, "bin", "python3"));
}

/** Of scripts only those that are the machine's own python: asking takes each a tenth of a second and more. */
async function isAskable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    await using handle = await open(file, "r");
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && (buffer.toString("latin1") !== "#!" || /^python3?$/.test(basename(file)));
  } catch {
    // Not ours to run or to read.
    return false;
  }
}
