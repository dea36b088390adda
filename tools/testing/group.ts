// One test process: starts it, listens to its reporter, and ends it when it hangs. Prints nothing; the caller is told.
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Message } from "./reporter.ts";

const REPORTER = fileURLToPath(new URL("./reporter.ts", import.meta.url));
const OUTPUT_BYTES = 64 * 1024;
/** How long a process may take to exit by itself once its last test has ended. */
const DRAIN_MS = 10_000;
/** Where Node keeps what it has compiled, for all test processes and what they start: half of what loading the server costs. */
const COMPILED = process.env.NODE_COMPILE_CACHE ?? join(tmpdir(), "node-compile-cache");

/** How a test process ended. `left`: all tests ended and it did not exit, so something was left open. */
export type Ending = "summary" | "left" | "deadline" | "crashed";

export type GroupResult = {
  readonly ending: Ending;
  /** One sentence on an ending that is not `summary`. */
  readonly trouble?: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** The end of what the tests wrote to stdout and stderr. */
  readonly output: string;
};

export type GroupOptions = {
  readonly deadlineMs: number;
  readonly namePattern?: string;
  readonly drainMs?: number;
  readonly tell: (message: Message) => void;
};

/** Live processes of a process group, zombies not counted. Empty where /proc is absent. */
function liveInGroup(group: number): string[] {
  const found: string[] = [];
  let pids: string[];
  try {
    pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    return found; // Not Linux: nothing to look at.
  }
  for (const pid of pids) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      const [state, , processGroup] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (Number(processGroup) !== group || state === "Z") continue;
      found.push(`${pid} (${readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim()})`);
    } catch {
      // It ended between the two reads.
    }
  }
  return found;
}

function killGroup(group: number): void {
  try {
    process.kill(process.platform === "win32" ? group : -group, "SIGKILL");
  } catch {
    // The group is gone already.
  }
}

/** Processes that outlived their test process, after a moment for those that are ending just now. */
async function leftovers(group: number): Promise<string[]> {
  for (let i = 0; i < 20; i++) {
    if (liveInGroup(group).length === 0) return [];
    await pause(100);
  }
  return liveInGroup(group);
}

const groups = new Set<number>();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => {
    for (const group of groups) killGroup(group);
    process.kill(process.pid, signal);
  });
}

/** Runs test files in one process of their own. Never rejects for what the tests do, and always ends by its deadline. */
export async function runGroup(files: readonly string[], options: GroupOptions): Promise<GroupResult> {
  const { deadlineMs, drainMs = DRAIN_MS, namePattern, tell } = options;
  const args = ["--conditions=malachite-src", "--disable-warning=ExperimentalWarning", "--test"];
  args.push("--test-isolation=none", `--test-reporter=${REPORTER}`);
  if (namePattern !== undefined) args.push(`--test-name-pattern=${namePattern}`);
  const child = spawn(process.execPath, [...args, ...files], {
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    detached: true,
    env: { ...process.env, NODE_COMPILE_CACHE: COMPILED },
  });
  const group = child.pid;
  if (group !== undefined) groups.add(group);

  let output = "";
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString("utf8")).slice(-OUTPUT_BYTES);
  };
  child.stdout?.on("data", keep);
  child.stderr?.on("data", keep);

  const counts = { passed: 0, failed: 0, skipped: 0 };
  const running: { name: string; file: string }[] = [];
  let summary: boolean | undefined;
  let stopped: Ending | undefined;
  const stop = (ending: Ending) => {
    stopped ??= ending;
    if (group !== undefined) killGroup(group);
  };
  const deadline = setTimeout(stop, deadlineMs, "deadline");
  let drain: NodeJS.Timeout | undefined;

  child.on("message", (message: Message) => {
    clearTimeout(drain);
    if (message.type === "begin") running.push(message);
    else if ("name" in message) {
      const at = running.findLastIndex((one) => one.name === message.name && one.file === message.file);
      if (at >= 0) running.splice(at, 1);
      if (running.length === 0) drain = setTimeout(stop, drainMs, "left");
    }
    if (message.type === "pass") counts.passed++;
    else if (message.type === "skip") counts.skipped++;
    else if (message.type === "fail" || message.type === "stray") counts.failed++;
    else if (message.type === "summary") {
      summary = message.success;
      drain = setTimeout(stop, drainMs, "left");
    }
    tell(message);
  });

  const { promise, resolve } = Promise.withResolvers<string>();
  child.once("error", (error) => resolve(`could not be started: ${error.message}`));
  child.once("close", (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
  const how = await promise;
  clearTimeout(deadline);
  clearTimeout(drain);

  const left = group === undefined ? [] : await leftovers(group);
  if (group !== undefined) {
    killGroup(group);
    groups.delete(group);
  }

  const names = files.map((file) => basename(file)).join(", ");
  const at = running.map((one) => `${one.name} (${basename(one.file)})`).join("; ");
  const result = (ending: Ending, trouble: string): GroupResult => ({ ending, trouble, ...counts, output });
  if (stopped === "deadline")
    return result("deadline", `did not end within ${deadlineMs / 1000} s; running then: ${at || names}`);
  if (stopped !== undefined)
    return result(
      "left",
      "left a handle open (a timer, socket, server or process): its process did not exit",
    );
  if (summary === undefined)
    return result(
      "crashed",
      `the test process ended without a summary: ${how}; running then: ${at || "unknown"}`,
    );
  if (left.length > 0) return result("left", `left processes behind: ${left.join(", ")}`);
  if (how !== (summary ? "exit code 0" : "exit code 1"))
    return result("crashed", `the test process ended with ${how}`);
  if (!summary && counts.failed === 0) return result("crashed", "failed without naming a test");
  return { ending: "summary", ...counts, output };
}
