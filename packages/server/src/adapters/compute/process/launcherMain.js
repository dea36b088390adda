// The launcher: a small process that starts runs and runs commands for the service, because Node's own spawn blocks the caller in proportion to
// its memory. Knows nothing, keeps nothing. It ends when the service is gone and leaves what it started alone.
// JavaScript, not TypeScript: what strips types at run time would stay in this process (20 MB, 5 ms more for each start).
import { execFile, spawn } from "node:child_process";
import { readFileSync } from "node:fs";

/** @param {import("./launcherMessages.ts").LauncherAnswer} message */
const answer = (message) => {
  // Without a channel the service is gone, and nobody waits for the answer.
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
};

/** @param {number} id @param {NodeJS.ErrnoException} error */
const failed = (id, error) =>
  answer({ id, error: { code: error.code ?? "UNKNOWN", message: error.message } });

/**
 * Read at once after the start: the child cannot be reaped before the event loop turns, so the pid is still its own.
 * @param {number} pid
 */
function startTimeOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    // No /proc on this system.
    return "";
  }
}

process.on("message", (/** @type {import("./launcherMessages.ts").LauncherRequest} */ request) => {
  if ("command" in request) runCommand(request);
  else startRun(request);
});

/** @param {import("./launcherMessages.ts").RunRequest} request */
function runCommand({ id, command }) {
  const { program, args, env, cwd, timeoutMs, maxBytes } = command;
  const options = {
    env,
    cwd,
    timeout: timeoutMs,
    killSignal: /** @type {const} */ ("SIGKILL"),
    maxBuffer: maxBytes,
  };
  try {
    execFile(program, args, options, (error, stdout, stderr) =>
      answer({ id, end: { stdout, stderr, ...(error === null ? { exitCode: 0 } : endOf(error)) } }),
    );
  } catch (error) {
    // Such as a zero byte in an argument.
    const { code = "UNKNOWN", message } = /** @type {NodeJS.ErrnoException} */ (error);
    answer({ id, end: { stdout: "", stderr: "", fault: { code, message } } });
  }
}

/** @param {import("node:child_process").ExecFileException} error */
function endOf({ code, killed, signal, message }) {
  if (typeof code === "number") return { exitCode: code };
  if (code === "ERR_CHILD_PROCESS_STDIO_MAXBUFFER") return { fault: { code: "TOO_LONG", message } };
  return { fault: { code: killed === true ? "TIMEOUT" : (signal ?? code ?? "UNKNOWN"), message } };
}

/** @param {import("./launcherMessages.ts").SpawnRequest} request */
function startRun(request) {
  const { id, program, args, env, cwd, before } = request;
  // Asked here and not by the service: that may have slept between its look at the clock and this.
  if (before !== undefined && Number(process.hrtime.bigint()) / 1e6 >= before) {
    answer({ id, error: { code: "TOO_LATE", message: "it came too late" } });
    return;
  }
  try {
    const child = spawn(program, args, { cwd, env, detached: true, stdio: "ignore" });
    child.once("error", (error) => failed(id, error));
    child.unref();
    if (child.pid !== undefined) answer({ id, pid: child.pid, startTime: startTimeOf(child.pid) });
  } catch (error) {
    failed(id, error instanceof Error ? error : new Error(String(error)));
  }
}

process.on("disconnect", () => process.exit(0));
// The service decides when to end; a Ctrl-C in its terminal reaches this process too.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"]) process.on(signal, () => {});
