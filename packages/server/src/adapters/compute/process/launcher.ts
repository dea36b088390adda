// The service's side of the launcher: starts it when first needed, starts another when it dies. Knows nothing of runs.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { CommandRunner } from "../../shared/commandRunner.ts";
import type { LauncherAnswer, LauncherRequest, RunRequest, SpawnRequest } from "./launcherMessages.ts";

export type Spawned = { readonly pid: number; readonly startTime: string };

/** The launcher ended before it answered: the program may or may not have been started. */
export class LauncherLost extends Error {
  override readonly name = "LauncherLost";
}

/** The system refused to start the program; `code` is its word for why, as `E2BIG`, `ENOENT`, `EAGAIN`. */
export class SpawnRefused extends Error {
  override readonly name = "SpawnRefused";
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export type Launcher = AsyncDisposable &
  CommandRunner & {
    /** Starts the launcher process if it does not run: takes the 40 to 100 ms of its start off the first launch. */
    start(): void;
    /** Starts a program detached, without streams. Throws SpawnRefused, LauncherLost. */
    spawn(ask: Omit<SpawnRequest, "id">): Promise<Spawned>;
    /** The process id of the launcher while it runs. */
    readonly pid: number | undefined;
  };

/** Environment variable of a launcher and of nothing else; its value is the `mark` of createLauncher. */
export const LAUNCHER_MARK = "MALACHITE_LAUNCHER";
/** The process id of the service that started it. */
export const LAUNCHER_PARENT = "MALACHITE_LAUNCHER_PARENT";

type Waiting = {
  readonly resolve: (answer: LauncherAnswer) => void;
  readonly reject: (error: Error) => void;
};

/**
 * `entry`: launcherMain.js, as source or built. `nodeArgs`: what Node needs to run it, as `--conditions=…`.
 * `mark`: the folder of the runs; a new service finds by it the launcher that a killed one left for an instant.
 */
export function createLauncher(options: {
  readonly entry: string | URL;
  readonly nodeArgs?: readonly string[];
  readonly mark: string;
}): Launcher {
  const entry = options.entry instanceof URL ? fileURLToPath(options.entry) : options.entry;
  const waiting = new Map<number, Waiting>();
  let child: ChildProcess | undefined;
  let lastId = 0;
  let disposed = false;

  function start(): ChildProcess {
    if (disposed) throw new LauncherLost("The launcher is closed.");
    if (child !== undefined) return child;
    const started = fork(entry, [], {
      execArgv: [...(options.nodeArgs ?? [])],
      env: { [LAUNCHER_MARK]: options.mark, [LAUNCHER_PARENT]: String(process.pid) },
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      detached: true,
    });
    // Each launcher has its own requests: what an earlier one left unanswered is never answered by a later one.
    const mine = new Set<number>();
    requestsOf.set(started, mine);
    const lost = (why: string) => {
      if (child === started) child = undefined;
      for (const id of mine) take(id)?.reject(new LauncherLost(why));
      mine.clear();
    };
    started.on("message", (message: LauncherAnswer) => {
      mine.delete(message.id);
      take(message.id)?.resolve(message);
    });
    started.once("error", (error) => lost(`The launcher could not be started: ${error.message}`));
    started.once("exit", (code, signal) => lost(`The launcher ended (${signal ?? code}).`));
    // An idle launcher keeps nobody awake: the service decides when it ends.
    started.unref();
    started.channel?.unref();
    child = started;
    return started;
  }

  const requestsOf = new WeakMap<ChildProcess, Set<number>>();
  function take(id: number): Waiting | undefined {
    const asker = waiting.get(id);
    waiting.delete(id);
    if (waiting.size === 0) child?.channel?.unref();
    return asker;
  }

  /** Rejects with LauncherLost. */
  function ask(request: Omit<SpawnRequest, "id"> | Omit<RunRequest, "id">): Promise<LauncherAnswer> {
    return new Promise((resolve, reject) => {
      const to = start();
      const id = ++lastId;
      waiting.set(id, { resolve, reject });
      requestsOf.get(to)?.add(id);
      to.channel?.ref();
      to.send({ ...request, id } satisfies LauncherRequest, (error) => {
        // The channel broke before the request was written; "exit" follows, but may take its time.
        if (error !== null) take(id)?.reject(new LauncherLost(error.message));
      });
    });
  }

  return {
    start() {
      start();
    },
    get pid() {
      return child?.pid;
    },
    async spawn(request) {
      const answer = await ask(request);
      if ("error" in answer) throw new SpawnRefused(answer.error.code, answer.error.message);
      if (!("pid" in answer)) throw new LauncherLost("The launcher answered something else.");
      return { pid: answer.pid, startTime: answer.startTime };
    },
    async run(command) {
      const lost = (message: string) => ({ stdout: "", stderr: "", fault: { code: "LOST", message } });
      try {
        const answer = await ask({ command });
        return "end" in answer ? answer.end : lost("The launcher answered something else.");
      } catch (error) {
        return lost((error as Error).message);
      }
    },
    async [Symbol.asyncDispose]() {
      disposed = true;
      const last = child;
      if (last === undefined || last.exitCode !== null || last.signalCode !== null) return;
      last.ref();
      const ended = once(last, "exit");
      const force = setTimeout(() => last.kill("SIGKILL"), 2000);
      if (last.connected) last.disconnect();
      await ended;
      clearTimeout(force);
    },
  };
}
