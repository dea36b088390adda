// The launcher: a small process that starts runs for the service, because Node's own spawn blocks the caller in proportion to
// its memory. Knows nothing, keeps nothing. It ends when the service is gone and leaves what it started alone.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import type { SpawnAnswer, SpawnRequest } from "./launcherMessages.ts";

const answer = (message: SpawnAnswer): void => {
  // Without a channel the service is gone, and nobody waits for the answer.
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
};

const failed = (id: number, error: unknown): void => {
  const { code, message } = error as NodeJS.ErrnoException;
  answer({ id, error: { code: code ?? "UNKNOWN", message: message ?? String(error) } });
};

/** Read at once after the start: the child cannot be reaped before the event loop turns, so the pid is still its own. */
function startTimeOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    // No /proc on this system.
    return "";
  }
}

process.on("message", ({ id, program, args, env, cwd }: SpawnRequest) => {
  try {
    const child = spawn(program, args, { cwd, env, detached: true, stdio: "ignore" });
    child.once("error", (error) => failed(id, error));
    child.unref();
    if (child.pid !== undefined) answer({ id, pid: child.pid, startTime: startTimeOf(child.pid) });
  } catch (error) {
    failed(id, error);
  }
});

process.on("disconnect", () => process.exit(0));
// The service decides when to end; a Ctrl-C in its terminal reaches this process too.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const) process.on(signal, () => {});
