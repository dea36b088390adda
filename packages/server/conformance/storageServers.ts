// Storages of others that run on this machine for a test: Azurite and an S3 server from npm, and moto from PyPI, which knows conditional
// writes; kept in a cache that is safe to delete.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { freePort } from "./freePort.ts";
import { madeOnce } from "./madeOnce.ts";

const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "malachite", "servers");

/** A folder of the cache; `make` is given one that is there. */
const cached = (name: string, make: (folder: string) => void): string =>
  madeOnce(join(CACHE, name), (building) => {
    mkdirSync(building);
    make(building);
  });

const QUIETLY = { stdio: "pipe", timeout: 300_000 } as const;

/** The folder of `node_modules` that has the package. Throws what npm says when it cannot be had. */
function installed(name: string, version: string): string {
  const folder = cached(`${name}-${version}`, (building) => {
    writeFileSync(join(building, "package.json"), '{"private":true}');
    const npm = ["i", "--no-audit", "--no-fund", "--loglevel=error", `${name}@${version}`];
    execFileSync("npm", npm, { cwd: building, ...QUIETLY });
  });
  return join(folder, "node_modules", name);
}

/** The python of a virtual environment that has the package. Throws what pip says when it cannot be had. */
function installedPython(name: string, version: string): string {
  const folder = cached(`${name}-${version}-python`, (building) => {
    execFileSync("python3", ["-m", "venv", building], QUIETLY);
    // Called as a module, as what is installed is too: the scripts of a folder that is renamed point nowhere.
    const pip = ["-m", "pip", "install", "-q", `${name}[server,s3]==${version}`];
    execFileSync(join(building, "bin/python"), pip, QUIETLY);
  });
  return join(folder, "bin/python");
}

/** Starts it and waits until the port takes connections. */
async function started(
  args: readonly string[],
  port: number,
  env: Record<string, string>,
  folder: string,
  program = process.execPath,
) {
  const child: ChildProcess = spawn(program, args, {
    env: { PATH: process.env.PATH, HOME: folder, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (chunk) => {
      said = (said + chunk).slice(-4000);
    });
  for (const end = Date.now() + 120_000; ; await pause(50)) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => resolve(true)).on("error", () => resolve(false));
      socket.on("close", () => resolve(false)).setTimeout(1000, () => socket.destroy());
      socket.once("connect", () => socket.destroy());
    });
    if (open) break;
    if (child.exitCode !== null || Date.now() > end) throw new Error(`The server did not start: ${said}`);
  }
  return async () => {
    const gone = child.exitCode === null ? once(child, "exit") : undefined;
    child.kill("SIGKILL");
    await gone;
    rmSync(folder, { recursive: true, force: true });
  };
}

export type AzureServer = AsyncDisposable & {
  readonly account: string;
  readonly key: string;
  /** The address of the account. */
  readonly endpoint: string;
  /** `HOST:PORT` of it. */
  readonly host: string;
};

/** One that takes tokens of identities too, without checking who signed them; it wants https for that. */
export async function startAzuriteWithTokens(): Promise<AzureServer & { readonly certificate: string }> {
  const folder = mkdtempSync(join(tmpdir(), "malachite-azurite-tls-"));
  const [key, certificate] = [join(folder, "key.pem"), join(folder, "certificate.pem")];
  const about = ["-subj", "/CN=azurite", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"];
  const made = [
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    ...about,
    "-keyout",
    key,
    "-out",
    certificate,
  ];
  execFileSync("openssl", made, { stdio: ["ignore", "ignore", "pipe"] });
  const azurite = await startAzurite(["--oauth", "basic", "--cert", certificate, "--key", key]);
  return {
    ...azurite,
    endpoint: azurite.endpoint.replace("http:", "https:"),
    certificate,
    async [Symbol.asyncDispose]() {
      await azurite[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    },
  };
}

export async function startAzurite(more: readonly string[] = []): Promise<AzureServer> {
  const azurite = installed("azurite", "3.35.0");
  const folder = mkdtempSync(join(tmpdir(), "malachite-azurite-"));
  const [account, key, port] = ["devaccount", randomBytes(64).toString("base64"), await freePort()];
  const args = ["--silent", "--skipApiVersionCheck", "--disableTelemetry", "-l", folder];
  const at = ["--blobHost", "127.0.0.1", "--blobPort", String(port)];
  const program = join(azurite, "dist/src/blob/main.js");
  const stop = await started(
    [program, ...args, ...at, ...more],
    port,
    { AZURITE_ACCOUNTS: `${account}:${key}` },
    folder,
  );
  const host = `127.0.0.1:${port}`;
  return { account, key, host, endpoint: `http://${host}/${account}`, [Symbol.asyncDispose]: stop };
}

export type S3Server = AsyncDisposable & {
  readonly endpoint: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
};

export async function startS3(): Promise<S3Server> {
  const s3rver = installed("s3rver", "3.7.1");
  const folder = mkdtempSync(join(tmpdir(), "malachite-s3-"));
  const port = await freePort();
  const args = [
    "-a",
    "127.0.0.1",
    "-p",
    String(port),
    "-d",
    folder,
    "--silent",
    "--configure-bucket",
    "malachite",
  ];
  const stop = await started([join(s3rver, "bin/s3rver.js"), ...args], port, {}, folder);
  return {
    endpoint: `http://127.0.0.1:${port}`,
    bucket: "malachite",
    accessKeyId: "S3RVER",
    secretAccessKey: "S3RVER",
    [Symbol.asyncDispose]: stop,
  };
}

/** Moto, which keeps everything in memory. */
export async function startMoto(): Promise<S3Server> {
  const python = installedPython("moto", "5.2.5");
  const folder = mkdtempSync(join(tmpdir(), "malachite-moto-"));
  const port = await freePort();
  const args = ["-m", "moto.server", "-H", "127.0.0.1", "-p", String(port)];
  const stop = await started(args, port, {}, folder, python);
  const endpoint = `http://127.0.0.1:${port}`;
  const made = await fetch(`${endpoint}/malachite`, { method: "PUT" });
  if (!made.ok) throw new Error(`The bucket was not made: ${made.status} ${await made.text()}`);
  return {
    endpoint,
    bucket: "malachite",
    accessKeyId: "MOTO",
    secretAccessKey: "MOTO",
    [Symbol.asyncDispose]: stop,
  };
}
