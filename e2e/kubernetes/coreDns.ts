// A real DNS server for the test cluster, which has none: CoreDNS on this machine at the address of the node, and a kubelet that tells pods of it.
import { type ChildProcess, spawn } from "node:child_process";
import { Resolver } from "node:dns/promises";
import { once } from "node:events";
import { copyFileSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ClusterUnderTest } from "@malachite/server/conformance";
import { ROOT, until } from "../support/service.ts";
import { cached, program } from "../support/tools.ts";

const SOURCES = join(ROOT, "e2e/kubernetes/coredns");
const FILES = ["main.go", "go.mod", "go.sum"] as const;
/** Address of the node for its pods: what the bridge of the cluster has on this machine. */
export const NODE = "10.244.0.1";
const DOMAIN = "cluster.local";
const BUILD_MS = 900_000;

let built: { readonly path: string } | { readonly error: unknown } | undefined;

/** The program, built from its Go modules once. Throws why it cannot be had. */
export function coreDns(): string {
  built ??= build();
  if ("error" in built) throw built.error;
  return built.path;
}

function build(): NonNullable<typeof built> {
  const env = {
    ...process.env,
    PATH: `${process.env.PATH}:/usr/local/go/bin`,
    // The Go that is there, or none: it fetches no other one.
    GOTOOLCHAIN: "local",
    GOFLAGS: "-mod=readonly -buildvcs=false -trimpath",
    CGO_ENABLED: "0",
  };
  try {
    const madeOf = FILES.map((name) => readFileSync(join(SOURCES, name), "utf8")).join("\0");
    const folder = cached("coredns", madeOf, (made) => {
      mkdirSync(made);
      for (const name of FILES) copyFileSync(join(SOURCES, name), join(made, name));
      const args = ["go", "build", "-ldflags", "-s -w", "-o", "coredns", "."];
      program("nice", args, { cwd: made, env, timeout: BUILD_MS });
    });
    return { path: join(folder, "coredns") };
  } catch (error) {
    return {
      error: new Error(`CoreDNS cannot be built here: ${(error as Error).message}`, { cause: error }),
    };
  }
}

/** While it lives, the cluster has names, and new pods ask for them where CoreDNS is: there or not, as the test says. */
export type ClusterNames = AsyncDisposable & {
  /** Returns when it answers. */
  begin(): Promise<void>;
  end(): Promise<void>;
};

/** For a cluster that the engines' script has started, in whose folder its settings are. */
export async function giveNames(cluster: ClusterUnderTest, path: string): Promise<ClusterNames> {
  const folder = dirname(cluster.kubeconfig);
  const log = openSync(join(folder, "log/coredns.log"), "a");
  const settings = join(folder, "Corefile");
  writeFileSync(
    settings,
    `${DOMAIN}:53 {\n bind ${NODE}\n errors\n kubernetes ${DOMAIN} {\n  kubeconfig ${cluster.kubeconfig} default\n }\n}\n`,
  );
  const before = readFileSync(join(folder, "kubelet.yaml"), "utf8");
  await restartKubelet(folder, `${before}clusterDNS: ["${NODE}"]\nclusterDomain: ${DOMAIN}\n`);
  await seenByPods(cluster);
  let server: ChildProcess | undefined;
  const names: ClusterNames = {
    async begin() {
      server = spawn(path, ["-conf", settings], { stdio: ["ignore", log, log] });
      await until("CoreDNS to answer", () => {
        if (server?.exitCode !== null) throw new Error(readFileSync(join(folder, "log/coredns.log"), "utf8"));
        return answers(`kubernetes.default.svc.${DOMAIN}`);
      });
    },
    async end() {
      if (server?.exitCode !== null) return;
      const over = once(server, "exit");
      server.kill();
      await over;
    },
    async [Symbol.asyncDispose]() {
      await names.end();
      await restartKubelet(folder, before);
    },
  };
  return names;
}

async function answers(name: string): Promise<boolean> {
  const resolver = new Resolver({ timeout: 500, tries: 1 });
  resolver.setServers([NODE]);
  return resolver.resolve4(name).then(
    () => true,
    () => false,
  );
}

/** With the same words as before, and known to the script, which ends it. */
async function restartKubelet(folder: string, settings: string): Promise<void> {
  const known = join(folder, "run/kubelet");
  const pid = Number(readFileSync(known, "utf8").split(" ")[0]);
  const words = (name: string) => readFileSync(`/proc/${pid}/${name}`, "utf8").split("\0").slice(0, -1);
  const [command = "", ...args] = words("cmdline");
  const env = Object.fromEntries(words("environ").map((one) => one.split(/=(.*)/s, 2)));
  process.kill(pid, "SIGTERM");
  await until("the kubelet to end", () => startOf(pid) === undefined);
  writeFileSync(join(folder, "kubelet.yaml"), settings);
  const log = openSync(join(folder, "log/kubelet.log"), "a");
  const next = spawn(command, args, { env, detached: true, stdio: ["ignore", log, log] });
  next.unref();
  writeFileSync(known, `${next.pid} ${startOf(next.pid ?? 0)}\n`);
}

/** When the process began, in the kernel's ticks; undefined for one that has ended. */
function startOf(pid: number): string | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "latin1")
      .replace(/^.*\) /s, "")
      .split(" ");
    return fields[0] === "Z" ? undefined : fields[19];
  } catch {
    // It is gone.
    return undefined;
  }
}

/** A pod is told of the server; after the first one there is the bridge, at whose address the server listens. */
async function seenByPods(cluster: ClusterUnderTest): Promise<void> {
  const run = ["run", "told", `--image=${cluster.image}`, "--image-pull-policy=Never", "--restart=Never"];
  await cluster.kubectl(...run, "--command", "--", "cat", "/etc/resolv.conf");
  await cluster.kubectl("wait", "pod/told", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=110s");
  const told = await cluster.kubectl("logs", "told");
  await cluster.kubectl("delete", "pod", "told", "--wait=true");
  if (!told.includes(`nameserver ${NODE}`)) throw new Error(`Pods are not told of the DNS server: ${told}`);
}
