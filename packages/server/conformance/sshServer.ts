// A real ssh server for tests: a machine of its own to log in to, started by the scripts beside the repository.
import { createHash } from "node:crypto";
import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { startEngine, withoutScript } from "./engineScripts.ts";

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
export const withoutSshServer = (): string | undefined => withoutScript("an ssh server", "sshd.sh");

/** `ownNetwork`: at an address of its own, which can be cut off. Ask `withoutSshServer` first. */
export async function startSshServer(ownNetwork = false): Promise<SshServerUnderTest> {
  const engine = await startEngine("sshd.sh", () => ({ SSH_NETNS: ownNetwork ? "1" : "0" }));
  const { facts } = engine;
  return {
    host: facts.SSH_HOST ?? "",
    port: Number(facts.SSH_PORT),
    user: facts.SSH_USER ?? "",
    key: facts.SSH_KEY ?? "",
    knownHosts: facts.SSH_KNOWN_HOSTS ?? "",
    fingerprint: fingerprintIn(facts.SSH_KNOWN_HOSTS ?? ""),
    trust: async (other) =>
      appendFileSync(join(engine.folder, "authorized_keys"), readFileSync(`${other.key}.pub`)),
    start: engine.start,
    stop: engine.stop,
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}

function fingerprintIn(knownHosts: string): string {
  const [, , key = ""] = readFileSync(knownHosts, "utf8").trim().split(" ");
  return `SHA256:${createHash("sha256").update(Buffer.from(key, "base64")).digest("base64").replace(/=+$/, "")}`;
}
