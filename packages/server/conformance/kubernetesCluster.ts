// A real Kubernetes cluster of one node for tests: started by the scripts beside the repository where its programs have been built already, or
// one that is there. A machine has room for one: tests that start it wait for each other.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const SCRIPTS = fileURLToPath(new URL("../../../../shared/engines/", import.meta.url));
const BUILT = process.env.K8S_BIN ?? join(homedir(), ".cache", "malachite", "k8s");
const START_MS = 300_000;

/** `image` has python3 and a shell. `kubectl`: its standard output. */
export type ClusterUnderTest = AsyncDisposable & {
  readonly kubeconfig: string;
  readonly image: string;
  kubectl(...args: readonly string[]): Promise<string>;
};

/** The kubeconfig of a cluster on this machine that is there already, and has the image: `MALACHITE_TEST_KUBECONFIG=/tmp/k8s/admin.conf`. */
const given = process.env.MALACHITE_TEST_KUBECONFIG;

/** Why tests with a cluster cannot run here; undefined when they can, and so must. */
export function withoutCluster(): string | undefined {
  if (given !== undefined) return undefined;
  if (process.platform !== "linux") return "Kubernetes is started for tests on Linux alone";
  if (!existsSync(join(SCRIPTS, "k8s.sh")))
    return "Kubernetes is not started here: there are no scripts for engines beside the repository";
  if (process.getuid?.() !== 0) return "Kubernetes is started for tests by root alone";
  if (!isBuilt())
    return `Kubernetes has not been built on this machine, which takes ten minutes: run k8s.sh of the engines once`;
  return undefined;
}

/** As the script itself tells: built from these sources. */
function isBuilt(): boolean {
  try {
    const hash = createHash("sha256");
    for (const name of ["main.go", "go.mod", "pause/main.go"])
      hash.update(readFileSync(join(SCRIPTS, "k8s", name)));
    return readFileSync(join(BUILT, "key"), "utf8").trim() === hash.digest("hex").slice(0, 12);
  } catch {
    // Nothing is there.
    return false;
  }
}

/** Starts the cluster, or waits until the one of another test has ended. Ask `withoutCluster` first. */
export async function startCluster(): Promise<ClusterUnderTest> {
  if (given !== undefined) return clusterOf(given, async () => {});
  const lock = await takeLock(join(tmpdir(), "malachite-kubernetes.lock"));
  const folder = mkdtempSync(join(tmpdir(), "malachite-k8s-"));
  const script = join(SCRIPTS, "k8s.sh");
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin:/usr/local/go/bin` };
  const stop = async () => {
    await run(script, ["stop", folder], { env, timeout: 120_000 });
    rmSync(folder, { recursive: true, force: true });
    lock.kill();
  };
  try {
    await run(script, ["start", folder], { env, timeout: START_MS });
  } catch (error) {
    // Why it did not start is what is to be told, not that there was nothing to stop.
    await stop().catch(() => {});
    throw error;
  }
  return clusterOf(join(folder, "admin.conf"), stop);
}

const clusterOf = (kubeconfig: string, stop: () => Promise<void>): ClusterUnderTest => ({
  kubeconfig,
  image: "localhost/malachite-base:latest",
  async kubectl(...args) {
    const kubectl = join(BUILT, "bin", "kubectl");
    return (await run(kubectl, ["--kubeconfig", kubeconfig, ...args], { timeout: 120_000 })).stdout;
  },
  [Symbol.asyncDispose]: stop,
});

/** Held by a process of its own, which ends with this one. */
async function takeLock(file: string): Promise<ChildProcess> {
  const holder = spawn("flock", [file, "sh", "-c", "echo held; cat"], { stdio: ["pipe", "pipe", "inherit"] });
  await once(holder.stdout, "data");
  holder.unref();
  return holder;
}

export type PortTo = { readonly port: number; open(): Promise<void>; close(): Promise<void> };

/** A port that leads to another one, and can be closed: then nobody answers, and connections that were open are cut. */
export async function openPortTo(to: number, host = "127.0.0.1"): Promise<PortTo> {
  const open = new Set<Socket>();
  let port = 0;
  const make = () =>
    createServer((near) => {
      const far = connect({ port: to, host: "127.0.0.1" });
      for (const [from, into] of [
        [near, far],
        [far, near],
      ] as const) {
        open.add(from);
        from
          .on("error", () => into.destroy())
          .on("close", () => {
            open.delete(from);
            into.destroy();
          });
        from.pipe(into);
      }
    });
  let server = make();
  const door = {
    get port() {
      return port;
    },
    open: async () => {
      server = make().listen(port, host);
      await once(server, "listening");
      port = (server.address() as { port: number }).port;
    },
    close: async () => {
      server.close();
      for (const one of open) one.destroy();
      await once(server, "close");
    },
  };
  await door.open();
  return door;
}
