// A real ssh server for tests: a machine of its own to log in to, started by the scripts beside the repository.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const SCRIPT = fileURLToPath(new URL("../../../../shared/engines/sshd.sh", import.meta.url));
const START_MS = 300_000;

export type SshServerUnderTest = AsyncDisposable & {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly key: string;
  readonly knownHosts: string;
  /** Of its host key, as ssh-keygen -l prints it. */
  readonly fingerprint: string;
  /** Lets in whoever the other one lets in. */
  trust(other: SshServerUnderTest): Promise<void>;
  /** It takes no more connections; those that are there go on, and so does what runs there. */
  stop(): Promise<void>;
  start(): Promise<void>;
};

/** Why tests with it cannot run here; undefined when they can, and so must. */
export function withoutSshServer(): string | undefined {
  if (process.platform !== "linux") return "an ssh server is started for tests on Linux alone";
  if (!existsSync(SCRIPT))
    return "no ssh server is started here: there are no scripts for engines beside the repository";
  if (process.getuid?.() !== 0) return "an ssh server is started for tests by root alone";
  return undefined;
}

/** `ownNetwork`: at an address of its own, which can be cut off. Ask `withoutSshServer` first. */
export async function startSshServer(ownNetwork = false): Promise<SshServerUnderTest> {
  const folder = mkdtempSync(join(tmpdir(), "malachite-sshd-"));
  const env = {
    ...process.env,
    PATH: `${process.env.PATH}:/usr/sbin:/sbin`,
    SSH_NETNS: ownNetwork ? "1" : "0",
  };
  const call = async (what: string) => (await run(SCRIPT, [what, folder], { env, timeout: START_MS })).stdout;
  const facts: Record<string, string> = {};
  const start = async () => {
    for (const [, name = "", value = ""] of (await call("start")).matchAll(/(SSH_\w+)=(\S+)/g))
      facts[name] = value;
  };
  const stop = async () => {
    await call("stop");
  };
  try {
    await start();
  } catch (error) {
    await stop().catch(() => {});
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  return {
    host: facts.SSH_HOST ?? "",
    port: Number(facts.SSH_PORT),
    user: facts.SSH_USER ?? "",
    key: facts.SSH_KEY ?? "",
    knownHosts: facts.SSH_KNOWN_HOSTS ?? "",
    fingerprint: fingerprintIn(facts.SSH_KNOWN_HOSTS ?? ""),
    trust: async (other) => appendFileSync(join(folder, "authorized_keys"), readFileSync(`${other.key}.pub`)),
    start,
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function fingerprintIn(knownHosts: string): string {
  const [, , key = ""] = readFileSync(knownHosts, "utf8").trim().split(" ");
  return `SHA256:${createHash("sha256").update(Buffer.from(key, "base64")).digest("base64").replace(/=+$/, "")}`;
}

/** A port that leads to another one, and can be shut: then nobody answers, and connections that were open are cut. */
export type Door = AsyncDisposable & {
  readonly port: number;
  /** How many have come so far. */
  connections(): number;
  open(): Promise<void>;
  shut(): Promise<void>;
};

export async function openDoor(to: { readonly host: string; readonly port: number }): Promise<Door> {
  const sockets = new Set<Socket>();
  let count = 0;
  const make = () =>
    createServer((near) => {
      count += 1;
      const far = connect(to.port, to.host);
      for (const [from, into] of [
        [near, far],
        [far, near],
      ] as const) {
        sockets.add(from);
        from
          .on("error", () => into.destroy())
          .on("close", () => {
            sockets.delete(from);
            into.destroy();
          });
        from.pipe(into);
      }
    });
  let server = make();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const shut = async () => {
    if (!server.listening) return;
    const closed = once(server, "close");
    server.close();
    for (const one of sockets) one.destroy();
    await closed;
  };
  return {
    port,
    connections: () => count,
    async open() {
      server = make().listen(port, "127.0.0.1");
      await once(server, "listening");
    },
    shut,
    [Symbol.asyncDispose]: shut,
  };
}
