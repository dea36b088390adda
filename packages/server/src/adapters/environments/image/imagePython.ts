// Finds the python of an image, by asking the image: it is run for a moment, without a network.
import { posix } from "node:path";
import type { Engine } from "../../../containers/index.ts";
import { EngineRefused } from "../../../containers/index.ts";
import { EngineFailed } from "./progress.ts";
import { runOnce } from "./runOnce.ts";

export type ImagePython = {
  /** The real binary, as the image sees it. */
  readonly path: string;
  readonly version: string;
  /** What the PATH must begin with so that `python` is this one; absent when it is found so already. */
  readonly folder?: string;
};

/** Debian has no `python`; there the same name means `python3`. */
const ALSO: Readonly<Record<string, readonly string[]>> = { python: ["python", "python3"] };
/** Each answer begins with this, whatever a python's own start says before. */
const MARK = "malachite-python";
const NOT_FOUND = 127;
/** Python 2 reads it too. */
const ASK = `import sys; sys.stdout.write("\\n${MARK} %s %d.%d.%d\\n" % ((sys.executable,) + tuple(sys.version_info[:3])))`;
/** Arguments: the names to look for. */
const SCRIPT = `for name in "$@"; do
  if found=$(command -v "$name"); then exec "$found" -E -s -c '${ASK.replaceAll("'", "'\\''")}'; fi
done
exit ${NOT_FOUND}`;

/** Undefined when the image has none of that name. Throws EngineFailed when what has the name is no python. */
export async function findPython(
  engine: Engine,
  { image, name, service }: { readonly image: string; readonly name: string; readonly service: string },
  signal: AbortSignal,
): Promise<ImagePython | undefined> {
  const names = ALSO[name] ?? [name];
  const ended = await runOnce(
    engine,
    { image, script: SCRIPT, arguments: names, service, user: "0:0", network: "none" },
    signal,
  ).catch((error: unknown) => {
    // The image has no shell, so nothing in it can be looked for; a run could not be started in it either.
    if (error instanceof EngineRefused)
      throw new EngineFailed(`nothing can be started in it: ${error.message}`);
    throw error;
  });
  const [, path = "", version = ""] = new RegExp(`^${MARK} (.+) (\\S+)$`, "m").exec(ended.output) ?? [];
  if (path.startsWith("/"))
    return { path, version, ...(name.includes("/") ? { folder: posix.dirname(path) } : {}) };
  if (ended.code === NOT_FOUND && ended.output.trim() === "") return undefined;
  throw new EngineFailed(
    `'${name}' in it does not answer as a python: ${ended.output.trim() || `exit code ${ended.code}`}`,
  );
}
