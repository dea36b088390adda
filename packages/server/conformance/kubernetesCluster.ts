// A real Kubernetes cluster of one node for tests: started by the scripts beside the repository where its programs have been built already, or
// one that is there. A machine has room for one: tests that start it wait for each other.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { ENGINES, startEngine, withoutScript } from "./engineScripts.ts";

const run = promisify(execFile);
const BUILT = process.env.K8S_BIN ?? join(homedir(), ".cache", "malachite", "k8s");

/** `image` has python3 and a shell. `kubectl`: its standard output. `create`: posts an object to a path of the API.
 * `load`: an archive of an image comes to its node. */
export type ClusterUnderTest = AsyncDisposable & {
  readonly kubeconfig: string;
  readonly image: string;
  kubectl(...args: readonly string[]): Promise<string>;
  create(path: string, object: object): Promise<void>;
  load(archive: string): Promise<void>;
};

/** The kubeconfig of a cluster on this machine that is there already, and has the image: `MALACHITE_TEST_KUBECONFIG=/tmp/k8s/admin.conf`. */
const given = process.env.MALACHITE_TEST_KUBECONFIG;

/** Why tests with a cluster cannot run here; undefined when they can, and so must. */
export function withoutCluster(): string | undefined {
  if (given !== undefined) return undefined;
  const missing = withoutScript("Kubernetes", "k8s.sh");
  if (missing !== undefined || isBuilt()) return missing;
  return "Kubernetes has not been built on this machine, which takes ten minutes: run k8s.sh of the engines once";
}

/** As the script itself tells: built from these sources. */
function isBuilt(): boolean {
  try {
    const hash = createHash("sha256");
    for (const name of ["main.go", "go.mod", "pause/main.go"])
      hash.update(readFileSync(join(ENGINES, "k8s", name)));
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
  try {
    const engine = await startEngine("k8s.sh");
    await betweenPods("-I");
    return clusterOf(join(engine.folder, "admin.conf"), async () => {
      await betweenPods("-D");
      await engine[Symbol.asyncDispose]();
      lock.kill();
    });
  } catch (error) {
    lock.kill();
    throw error;
  }
}

const asked = (kubeconfig: string, args: readonly string[]) =>
  run(join(BUILT, "bin", "kubectl"), ["--kubeconfig", kubeconfig, ...args], { timeout: 120_000 });

/** A docker that was started on the machine lets nothing through that it does not know, also between the pods of one bridge. */
async function betweenPods(change: "-I" | "-D"): Promise<void> {
  const rule = ["-i", "mlchk8s0", "-o", "mlchk8s0", "-j", "ACCEPT"];
  await run("iptables", [change, "FORWARD", ...rule], { timeout: 20_000 }).catch(() => {
    // Without it pods reach each other, or the tests that need that say so.
  });
}

const clusterOf = (kubeconfig: string, stop: () => Promise<void>): ClusterUnderTest => ({
  kubeconfig,
  image: "localhost/malachite-base:latest",
  kubectl: async (...args) => (await asked(kubeconfig, args)).stdout,
  async create(path, object) {
    const asking = asked(kubeconfig, ["create", "--raw", path, "-f", "-"]);
    asking.child.stdin?.end(JSON.stringify(object));
    await asking;
  },
  async load(archive) {
    // Where the script has its containerd, by its folder.
    const hash = createHash("sha256").update(dirname(kubeconfig)).digest("hex").slice(0, 8);
    const ctr = ["-a", `/run/mlch-k8s-${hash}/containerd.sock`, "-n", "k8s.io", "images", "import"];
    await run("ctr", [...ctr, archive], { timeout: 300_000 });
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
