// The engine's command line: each question is one program with a deadline, and its words stay here.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { MalachiteError } from "@malachite/core";
import { tooLong } from "../../src/adapters/compute/shared/argumentLengths.ts";

const PROGRAM = fileURLToPath(new URL("jobs.py", import.meta.url));
const DEADLINE_MS = 20_000;
/** The exit code by which the engine says that the name is taken. */
const TAKEN = 17;

const run = promisify(execFile);

export type JobsEngine = {
  /** False: there is a job of that name. */
  submit(name: string, command: readonly string[], env: Readonly<Record<string, string>>): Promise<boolean>;
  /** Every job by name: whether anything of it runs. */
  list(): Promise<ReadonlyMap<string, boolean>>;
  signal(name: string, signal: "TERM" | "KILL"): Promise<void>;
  forget(name: string): Promise<void>;
};

/** Throws EngineUnavailable for whatever is no answer: that nothing was said must never be read as "there is no such job". */
export function createJobsEngine(python: string, folder: string): JobsEngine {
  async function ask(words: readonly string[], env?: Readonly<Record<string, string>>): Promise<string> {
    try {
      const options = { timeout: DEADLINE_MS, maxBuffer: 2 ** 24, ...(env === undefined ? {} : { env }) };
      return (await run(python, [PROGRAM, folder, ...words], options)).stdout;
    } catch (cause) {
      const { code } = cause as { code?: unknown };
      if (code === TAKEN) throw cause;
      if (code === "E2BIG") throw tooLong(undefined, cause);
      throw new MalachiteError("EngineUnavailable", `The engine in ${folder} does not answer: ${cause}`, {
        cause,
      });
    }
  }
  return {
    async submit(name, command, env) {
      try {
        await ask(["submit", name, ...command], env);
        return true;
      } catch (error) {
        if ((error as { code?: unknown }).code === TAKEN) return false;
        throw error;
      }
    },
    list: async () =>
      new Map(
        (await ask(["list"]))
          .split("\n")
          .filter((line) => line !== "")
          .map((line) => line.split(" "))
          .map(([name = "", state]) => [name, state === "running"] as const),
      ),
    signal: async (name, signal) => {
      await ask(["signal", name, signal]);
    },
    forget: async (name) => {
      await ask(["forget", name]);
    },
  };
}
