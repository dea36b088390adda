// Environments that are already on this machine: the interpreter that a definition names, resolved to the real binary. A pyenv
// shim would more than double the start of every run. Builds nothing.
import { execFile } from "node:child_process";
import { open } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, dirname, isAbsolute, join } from "node:path";
import { promisify } from "node:util";
import {
  type EnvironmentAsk,
  type EnvironmentBuilder,
  isMalachiteError,
  MalachiteError,
  type NeededProgram,
  type PreparedEnvironment,
} from "@malachite/core";
import { isExecutable } from "../../../files/index.ts";
import type { MachineTools, ToolsHere } from "../../shared/machineTools.ts";

const run = promisify(execFile);

/** What a definition without an interpreter means, and what the v1 SDK always sends (protocol: `interpreterPath`). */
const DEFAULT_INTERPRETER = "python";
/** Debian and macOS have no `python`; there the same name means `python3`. */
const ALSO: Readonly<Record<string, readonly string[]>> = { python: ["python", "python3"] };
/** A shim can be pointed at another python at any time; this long its answer is trusted. */
const SHIM_TRUST_MS = 60_000;
const SHIM_ANSWER_MS = 20_000;

/** Looks interpreters up on `path` (as the variable PATH has it) unless they are given with a folder. */
export function createSystemEnvironments({
  path: usual,
  tools,
  now,
}: {
  readonly path: string;
  /** Those that targets name. */
  readonly tools: MachineTools;
  readonly now: () => number;
}): EnvironmentBuilder {
  const shims = new Map<string, { readonly python: Promise<string>; readonly until: number }>();

  const placesOf = async (
    ask: EnvironmentAsk,
    signal: AbortSignal,
  ): Promise<Pick<ToolsHere, "path" | "toolPath">> =>
    ask.tools === undefined ? { path: usual, toolPath: [] } : await tools.of(ask.tools, signal);

  async function find(
    interpreter: string,
    { path, toolPath }: Pick<ToolsHere, "path" | "toolPath">,
  ): Promise<string | undefined> {
    const named = interpreter.startsWith("~/") ? join(homedir(), interpreter.slice(2)) : interpreter;
    const candidates = isAbsolute(named)
      ? [named]
      : // A target may bring a python3 and no python; it is meant before any python of the PATH.
        [toolPath, path.split(delimiter)].flatMap((folders) =>
          (ALSO[named] ?? [named]).flatMap((name) =>
            folders.filter((folder) => isAbsolute(folder)).map((folder) => join(folder, name)),
          ),
        );
    for (const candidate of candidates) if (await isExecutable(candidate)) return candidate;
    return undefined;
  }

  /** Asks a shim which python it stands for, once for all who wait. */
  function behind(shim: string): Promise<string> {
    const known = shims.get(shim);
    if (known && known.until > now()) return known.python;
    const python = run(shim, ["-I", "-c", "import sys; sys.stdout.write(sys.executable)"], {
      timeout: SHIM_ANSWER_MS,
    }).then(({ stdout }) => stdout);
    shims.set(shim, { python, until: now() + SHIM_TRUST_MS });
    python.catch(() => shims.delete(shim));
    return python;
  }

  async function prepare(ask: EnvironmentAsk, signal: AbortSignal): Promise<PreparedEnvironment> {
    const { environment } = ask;
    const interpreter = environment.python?.interpreterPath || DEFAULT_INTERPRETER;
    const target = "configuration.environment.python.interpreterPath";
    if (interpreter.includes("/") && !isAbsolute(interpreter) && !interpreter.startsWith("~/")) {
      throw new MalachiteError(
        "InterpreterNotFound",
        `The interpreter '${interpreter}' is a relative path. Give an absolute path, or a name that is on the service's PATH.`,
        { target },
      );
    }
    const places = await placesOf(ask, signal);
    const { path } = places;
    const found = await find(interpreter, places);
    if (!found) {
      const where = isAbsolute(interpreter)
        ? "It is not an executable file of this machine."
        : `It is in no folder of the service's PATH (${path}).`;
      throw new MalachiteError(
        "InterpreterNotFound",
        `There is no python interpreter '${interpreter}'. ${where} Set environment.python.interpreterPath to a python that is there.`,
        { target },
      );
    }
    const named = interpreter.includes("/");
    if (!(await isScript(found))) return prepared(found, named);
    const python = await behind(found).catch((cause: unknown) => {
      throw new MalachiteError(
        "InterpreterNotFound",
        `The interpreter '${found}' is a script and does not answer as a python: ${firstLine(cause)}`,
        { target, cause },
      );
    });
    return prepared(python, true);
  }

  return {
    async check(ask, signal) {
      const { python } = await prepare(ask, signal);
      for (const program of ask.programs ?? [])
        await findProgram(program, python, ask.path ?? (await placesOf(ask, signal)).path);
    },
    has: (ask, signal) =>
      prepare(ask, signal).then(
        () => true,
        (error: unknown) => {
          if (isMalachiteError(error) && error.code === "InterpreterNotFound") return false;
          throw error;
        },
      ),
    prepare: (ask, _log, signal) => prepare(ask, signal),
  };
}

/** Throws ProgramNotFound. */
async function findProgram(
  { name, besidePython, target, help }: NeededProgram,
  python: string,
  path: string,
): Promise<void> {
  const folders = [...(besidePython ? [dirname(python)] : []), ...path.split(delimiter)];
  for (const folder of folders) if (isAbsolute(folder) && (await isExecutable(join(folder, name)))) return;
  const beside = besidePython ? `neither beside ${python} nor` : "not";
  throw new MalachiteError(
    "ProgramNotFound",
    `There is no ${name}, ${beside} on the PATH (${path}). ${help}`,
    {
      target,
    },
  );
}

const prepared = (python: string, elsewhere: boolean): PreparedEnvironment => ({
  id: `system:${python}`,
  python,
  ...(elsewhere ? { folder: dirname(python) } : {}),
  variables: {},
});

async function isScript(file: string): Promise<boolean> {
  await using handle = await open(file, "r");
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
  return bytesRead === 2 && buffer.toString("latin1") === "#!";
}

const firstLine = (cause: unknown): string =>
  cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : String(cause);
