// Runs the flows of a client against one real service, and gives what each of them came to.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { ROOT, type Service, SOURCE } from "../support/service.ts";
import type { Client } from "./matrix.ts";

const HERE = fileURLToPath(new URL(".", import.meta.url));

export type Told = {
  readonly client: Client;
  readonly version: string;
  readonly area: string;
  readonly flow: string;
  readonly title: string;
  readonly outcome: "passed" | "failed" | "absent" | "cannot";
  /** Why this version cannot, with any service. */
  readonly reason?: string;
  readonly seconds?: number;
  readonly error?: string;
};

/** The areas of a client, by name. */
export const areasOf = (client: Client): string[] =>
  (existsSync(join(HERE, "flows", client)) ? readdirSync(join(HERE, "flows", client)) : [])
    .filter((name) => name.endsWith(".py"))
    .map((name) => name.slice(0, -3))
    .sort();

/** What `malachite env` puts into a user's shell, and a home that holds nothing. */
export async function clientEnvironment(
  service: Service,
  home: string,
  options: readonly string[],
): Promise<Record<string, string>> {
  const malachite = [...SOURCE, join(ROOT, "packages/cli/bin/malachite.js")].map((word) => `'${word}'`);
  const line = `set -e; lines="$('${process.execPath}' ${malachite.join(" ")} env --endpoint '${service.url}' --shell bash ${options.join(" ")})"; eval "$lines"; exec env -0`;
  const { stdout } = await promisify(execFile)("bash", ["-c", line], {
    cwd: home,
    env: { PATH: process.env.PATH, HOME: home, TMPDIR: home, LANG: "C.UTF-8" },
    maxBuffer: 2 ** 22,
  });
  const pairs = stdout
    .split("\0")
    .filter((pair) => pair.includes("="))
    .map((pair): [string, string] => {
      const at = pair.indexOf("=");
      return [pair.slice(0, at), pair.slice(at + 1)];
    });
  return Object.fromEntries(pairs);
}

/**
 * The same shell, whose bundle holds the service's own authority alone. The SDK opens a connection for each of its requests and reads
 * the bundle anew, and OpenSSL 3 takes 45 ms of CPU for all public authorities: more than all else that a flow does.
 */
export function trustingService(env: Readonly<Record<string, string>>): Record<string, string> {
  const bundle = env.REQUESTS_CA_BUNDLE ?? "";
  const own = bundle.replace(/\.bundle\.pem$/, ".ca.pem");
  if (own === bundle || !existsSync(own)) throw new Error(`There is no authority beside ${bundle}.`);
  return { ...env, REQUESTS_CA_BUNDLE: own, SSL_CERT_FILE: own };
}

/** The flows of one area. A program that dies tells of no flow: then this throws with what it said. */
export async function runArea(
  python: string,
  ask: {
    readonly client: Client;
    readonly area: string;
    readonly env: Readonly<Record<string, string>>;
    readonly flows?: readonly string[];
  },
): Promise<{ readonly told: readonly Told[]; readonly said: string }> {
  // Where a script names no folder, the client keeps the current one with the run: a small project, not all of the home.
  const project = mkdtempSync(join(ask.env.HOME ?? "", "project-"));
  writeFileSync(join(project, "train.py"), "print('trained')\n");
  const child = spawn(
    python,
    ["-W", "ignore", join(HERE, "run_flow.py"), ask.client, ask.area, ...(ask.flows ?? [])],
    { cwd: project, env: { ...ask.env, PYTHONUNBUFFERED: "1", PYTHONDONTWRITEBYTECODE: "1" } },
  );
  const told: Told[] = [];
  let said = "";
  child.stderr.on("data", (chunk) => {
    said = (said + chunk).slice(-20_000);
  });
  createInterface({ input: child.stdout }).on("line", (line) => told.push(JSON.parse(line) as Told));
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0 && !told.some(({ outcome }) => outcome === "failed"))
    throw new Error(`The flows of ${ask.area} ended with ${code} after ${told.length} of them:\n${said}`);
  return { told, said };
}
