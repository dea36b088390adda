// Logs in to a machine: by a pinned host key, with a key file or the agent. Everything that can go wrong is told in words.
import { readFile } from "node:fs/promises";
import { homedir, userInfo } from "node:os";
import { join } from "node:path";
import { MalachiteError } from "@malachite/core";
import type { Client, ConnectConfig, ServerHostKeyAlgorithm } from "ssh2";
import { hasCode } from "../../../files/index.ts";
import { kindsBeside, type Pins, pinnedTypes, refusedKey, typeOf } from "./hostKeys.ts";
import { hostName, type SshHost, type SshOptions } from "./sshTarget.ts";

/** What of the service's environment a login may use. */
export type SshLogin = {
  /** The socket of the agent, where there is one. */
  readonly agentSocket: string | undefined;
  readonly home?: string;
};

const READY_MS = 15_000;
/** A connection over which nothing comes is given up after three of these. */
const KEEPALIVE_MS = 5_000;
/** What ssh itself would try, in this order. */
const USUAL_KEYS = ["id_ed25519", "id_ecdsa", "id_rsa"];

/** Throws EngineUnavailable with what is to be done. The signal ends the connection whenever it is given. */
export async function openSsh(
  host: SshHost,
  options: Pick<SshOptions, "key" | "agent" | "knownHosts">,
  { agentSocket, home = homedir() }: SshLogin,
  signal: AbortSignal,
): Promise<Client> {
  const name = hostName(host);
  const user = host.user ?? userInfo().username;
  const file = inHome(options.knownHosts ?? "~/.ssh/known_hosts", home);
  const text = await readOrNothing(file);
  const pins: Pins = { file, text, fingerprint: host.fingerprint };
  // The library takes a while to load, and most services have no use for it.
  const ssh2 = await import("ssh2");
  const { Client: Connection, utils } = ssh2.default ?? ssh2;
  const methods: NonNullable<ConnectConfig["authHandler"]> = [];
  const tried: string[] = [];
  const wantsAgent = options.agent ?? options.key === undefined;
  if (wantsAgent && agentSocket !== undefined) {
    (methods as unknown[]).push({ type: "agent", username: user, agent: agentSocket });
    tried.push("the keys of the agent");
  } else if (options.agent === true)
    throw unavailable(
      `${name}: no agent is there: SSH_AUTH_SOCK is not set for the service. Give the target a key.`,
    );
  const files =
    options.key !== undefined
      ? [inHome(options.key, home)]
      : options.agent === true
        ? []
        : USUAL_KEYS.map((key) => join(home, ".ssh", key));
  for (const path of files) {
    const key = await readKey(path, options.key !== undefined, name);
    if (key === undefined) continue;
    const parsed = utils.parseKey(key);
    if (parsed instanceof Error) {
      if (options.key === undefined) continue;
      const why = /passphrase|encrypted/i.test(parsed.message)
        ? "it needs a passphrase. Add it to an agent, and give the target agent: true"
        : parsed.message;
      throw unavailable(`${name}: the key ${path} cannot be used: ${why}.`);
    }
    (methods as unknown[]).push({ type: "publickey", username: user, key });
    tried.push(path);
  }
  if (tried.length === 0)
    throw unavailable(
      `${name}: there is no key to log in with: no agent, and none of ${files.join(", ")}. Give the target a key.`,
    );
  const shown: string[] = [];
  let refused: string | undefined;
  const connectBy = (types: readonly string[] | undefined) =>
    new Promise<Client>((resolve, reject) => {
      const client = new Connection();
      const end = () => {
        client.destroy();
        reject(unavailable(`${name}: the service is ending.`));
      };
      if (signal.aborted) return end();
      signal.addEventListener("abort", end);
      const heardNoMore = () => signal.removeEventListener("abort", end);
      client.once("close", heardNoMore);
      const fail = (error: Error & { level?: string; code?: string }): void => {
        client.destroy();
        reject(unavailable(refused ?? `${name}: ${wordsOf(error, user, tried)}`, error));
      };
      client.once("error", fail);
      client.once("close", () => fail(new Error("the connection was closed before the login")));
      client.once("ready", () => {
        client.removeAllListeners("error");
        client.removeAllListeners("close");
        client.once("close", heardNoMore);
        // Whoever has the connection hears of its end by "close".
        client.on("error", () => {});
        client.setNoDelay(true);
        resolve(client);
      });
      try {
        client.connect({
          host: host.host,
          port: host.port,
          username: user,
          readyTimeout: READY_MS,
          keepaliveInterval: KEEPALIVE_MS,
          keepaliveCountMax: 3,
          authHandler: methods,
          ...(types === undefined
            ? {}
            : { algorithms: { serverHostKey: types as ServerHostKeyAlgorithm[] } }),
          hostVerifier: (key: Buffer) => {
            const why = refusedKey(pins, host.host, host.port, key);
            if (why === undefined) refused = undefined;
            else {
              shown.push(typeOf(key));
              refused ??= why;
            }
            return why === undefined;
          },
        });
      } catch (error) {
        fail(error as Error);
      }
    });
  for (let types = pinnedTypes(pins, host.host, host.port); ; types = kindsBeside(shown)) {
    const before = shown.length;
    try {
      return await connectBy(types);
    } catch (error) {
      // The pinned one may be another of the machine's keys; what it shows first is what the operator is told of.
      const mayBeAnother =
        host.fingerprint !== undefined && shown.length > before && kindsBeside(shown).length > 0;
      if (!mayBeAnother) throw error;
    }
  }
}

export const inHome = (path: string, home: string): string =>
  path === "~" || path.startsWith("~/") ? join(home, path.slice(1)) : path;

export const unavailable = (text: string, cause?: unknown): MalachiteError =>
  new MalachiteError("EngineUnavailable", text, { cause });

async function readOrNothing(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return undefined;
    throw unavailable(`The file of known hosts ${file} cannot be read: ${(error as Error).message}`, error);
  }
}

async function readKey(path: string, named: boolean, host: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (!named && hasCode(error, "ENOENT", "ENOTDIR", "EACCES")) return undefined;
    throw unavailable(`${host}: the key ${path} cannot be read: ${(error as Error).message}`, error);
  }
}

function wordsOf(
  error: Error & { level?: string; code?: string },
  user: string,
  tried: readonly string[],
): string {
  if (error.level === "client-authentication")
    return `the login of ${user} was refused; tried were ${tried.join(", ")}. Is the public key in authorized_keys there?`;
  if (error.level === "client-timeout")
    return `it did not answer as an ssh server within ${READY_MS / 1000} s.`;
  if (error.code === "ENOTFOUND" || error.code === "EAI_AGAIN") return "there is no machine of that name.";
  if (error.code === "ECONNREFUSED") return "it takes no connections on that port.";
  if (/no matching host key/i.test(error.message))
    return "it has no host key of a kind that known_hosts has for it. Add the line of a key that it has.";
  return `it cannot be reached: ${error.message.replace(/\.$/, "")}.`;
}
