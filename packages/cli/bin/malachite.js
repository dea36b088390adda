#!/usr/bin/env -S node --conditions=malachite-src --disable-warning=ExperimentalWarning
// The command `malachite`. Plain JS that an old Node can read: finds a Node that is new enough, then starts the program.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import * as nodeModule from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const NEEDED = 24;
const CONDITION = "--conditions=malachite-src";
const here = dirname(fileURLToPath(import.meta.url));
const source = join(here, "../src/main.ts");
const inCheckout = existsSync(source);

/** The Node that `npm ci` of the checkout brought, or that lies beside an installed package. */
function findNode() {
  const name = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
  const file = process.platform === "win32" ? "node.exe" : "node";
  for (let folder = here; ; folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", name, "bin", file);
    if (existsSync(candidate)) return candidate;
    if (dirname(folder) === folder) return undefined;
  }
}

/** Runs this file again with another Node or other flags, and ends as that one ends. */
function startAgain(node) {
  const flags = inCheckout ? [CONDITION, "--disable-warning=ExperimentalWarning"] : [];
  const args = [...flags, fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  const env = { ...process.env, MALACHITE_STARTED_AGAIN: "1" };
  // Becoming the other program is best: no second process, and every signal reaches the right one.
  if (process.execve !== undefined && process.platform !== "win32") {
    process.removeAllListeners("warning"); // The call warns that it is experimental.
    process.execve(node, [node, ...args], env);
  }
  const child = spawn(node, args, { stdio: "inherit", env });
  // A terminal's Ctrl-C reaches both processes; what is sent to this one alone must be handed on.
  const terminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  process.on("SIGINT", () => terminal || child.kill("SIGINT"));
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.once("error", (error) => {
    console.error(`malachite: ${node} cannot be started: ${error.message}`);
    process.exitCode = 1;
  });
  child.once("exit", (code, signal) => {
    if (signal === null) process.exitCode = code ?? 1;
    else {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    }
  });
}

const isOld = Number(process.versions.node.split(".")[0]) < NEEDED;
const lacksCondition = inCheckout && !process.execArgv.includes(CONDITION);
const again = process.env.MALACHITE_STARTED_AGAIN === "1";
const node = isOld && !again ? findNode() : process.execPath;
delete process.env.MALACHITE_STARTED_AGAIN;

if (node !== undefined && !again && (isOld || lacksCondition)) startAgain(node);
else if (isOld) {
  console.error(
    `malachite needs Node ${NEEDED} or newer, and this is Node ${process.versions.node} (${process.execPath}).\n` +
      `Install a newer one, for instance from https://nodejs.org, or run it as: npx -p node@${NEEDED} -p malachite malachite`,
  );
  process.exitCode = 1;
} else {
  nodeModule.enableCompileCache();
  // Worker threads and the launcher look for it here; runs do not inherit it.
  process.env.NODE_COMPILE_CACHE ??= nodeModule.getCompileCacheDir();
  const main = inCheckout ? source : join(here, "../dist/main.js");
  const { run } = await import(pathToFileURL(main).href);
  await run();
}
