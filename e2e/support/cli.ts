// The command line as a person has it: `node packages/cli/bin/malachite.js`, in a folder and a home of its own.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { killAll, killRunsOf } from "./leftovers.ts";
import { ROOT, until } from "./service.ts";

export const BIN = join(ROOT, "packages/cli/bin/malachite.js");

export type End = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

/** A command that runs. */
export class Command {
  readonly #child: ChildProcess;
  readonly end: Promise<End>;
  stdout = "";
  stderr = "";
  ended = false;

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout?.on("data", (chunk) => (this.stdout += chunk));
    child.stderr?.on("data", (chunk) => (this.stderr += chunk));
    const { promise, resolve } = Promise.withResolvers<End>();
    this.end = promise;
    child.once("close", (code) => {
      this.ended = true;
      resolve({ code, stdout: this.stdout, stderr: this.stderr });
    });
  }

  /** What a terminal does at Ctrl-C: the signal reaches the whole foreground group. */
  interrupt(): void {
    if (this.#child.pid !== undefined && !this.ended) process.kill(-this.#child.pid, "SIGINT");
  }

  /** Waits until it has written what is looked for, on either stream. */
  async said(words: RegExp): Promise<RegExpExecArray> {
    return until(`${words} from the command`, () => {
      const found = words.exec(this.stdout) ?? words.exec(this.stderr);
      if (!found && this.ended) throw new Error(`${words} never came: ${this.stdout}${this.stderr}`);
      return found;
    });
  }

  async stop(): Promise<void> {
    if (!this.ended && this.#child.pid !== undefined) killAll([-this.#child.pid]);
    await this.end;
  }
}

/** A home folder, and the commands that were started in it. Disposing ends them all. */
export class Home implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "malachite-home-"));
  readonly #started: Command[] = [];
  /** Variables of every command from here on. */
  env: Record<string, string> = {};

  /** Starts a command, in the home or in `cwd`. */
  start(args: readonly string[], cwd: string = this.folder): Command {
    const child = spawn(process.execPath, [BIN, ...args], {
      cwd,
      env: { PATH: process.env.PATH, HOME: this.folder, ...this.env },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    const command = new Command(child);
    this.#started.push(command);
    return command;
  }

  run(...args: readonly string[]): Promise<End> {
    return this.start(args).end;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const command of this.#started) await command.stop();
    killRunsOf(this.folder);
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
