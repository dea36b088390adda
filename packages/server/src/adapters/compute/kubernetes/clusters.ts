// The clusters that targets name, by kubeconfig and context: opened when first asked, with the credentials that the library finds, and anew
// when a kubeconfig has changed.
import { stat } from "node:fs/promises";
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent, type RequestOptions } from "node:https";
import { delimiter, join } from "node:path";
import type { KubeConfig } from "@kubernetes/client-node";
import { MalachiteError } from "@malachite/core";
import { type Cluster, createCluster } from "./cluster.ts";

/** Which cluster, as whom. Neither: the kubeconfig of the service's user, and inside a cluster its own account. */
export type ClusterAccess = { readonly kubeconfig?: string; readonly context?: string };

export type Clusters = Disposable & {
  /** Another one than before where the kubeconfig has changed. Throws EngineUnavailable where it cannot be read, naming the file. */
  at(access: ClusterAccess): Promise<Cluster>;
};

type Known = { readonly version: string; readonly opened: Promise<Cluster> };

/** Connections are kept: a question then costs no handshake. `env`: of the service, as the library reads it. */
export function createClusters(env: Readonly<Record<string, string | undefined>>): Clusters {
  const known = new Map<string, Known>();
  /** The context that was current when a kubeconfig was first read: runs that are at work stay in their cluster, whoever changes to another. */
  const currents = new Map<string, string>();
  const keepAlive = { keepAlive: true, keepAliveMsecs: 10_000, scheduling: "fifo" as const };
  // They keep apart the connections of different servers and certificates.
  const agents = { http: new HttpAgent(keepAlive), https: new HttpsAgent(keepAlive) };

  async function open(access: ClusterAccess, name: string): Promise<Cluster> {
    const config = await readConfig(access, currents.get(name));
    currents.set(name, config.getCurrentContext());
    const server = config.getCurrentCluster()?.server ?? "";
    const proxied = config.getCurrentCluster()?.proxyUrl !== undefined;
    const agent = server.startsWith("http:") ? agents.http : agents.https;
    return createCluster({
      server,
      namespace: config.getContextObject(config.getCurrentContext())?.namespace,
      // Asked each time: tokens end and are made anew, by a file that changes or a program that is called.
      async credentials() {
        const options: RequestOptions = {};
        await config.applyToHTTPSOptions(options);
        return proxied ? options : { ...options, agent };
      },
    });
  }

  return {
    async at(access) {
      const name = JSON.stringify([access.kubeconfig, access.context]);
      const version = await versionOf(filesOf(access, env));
      const there = known.get(name);
      if (there?.version === version) return there.opened;
      const opened = open(access, name);
      const made = { version, opened };
      known.set(name, made);
      opened.catch(() => {
        if (known.get(name) === made) known.delete(name);
      });
      return opened;
    },
    [Symbol.dispose]() {
      agents.http.destroy();
      agents.https.destroy();
      known.clear();
    },
  };
}

/** Those that the library reads. */
function filesOf(
  { kubeconfig }: ClusterAccess,
  { HOME = "", KUBECONFIG = "" }: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  if (kubeconfig !== undefined) return [kubeconfig];
  return KUBECONFIG === "" ? [join(HOME, ".kube", "config")] : KUBECONFIG.split(delimiter);
}

/** Another text when one of the files is another, or has been written. */
async function versionOf(files: readonly string[]): Promise<string> {
  const seen = files.map(async (file) => {
    // What is not there now may come.
    const { ino, size, mtimeNs } = (await stat(file, { bigint: true }).catch(() => undefined)) ?? {};
    return `${file} ${ino} ${size} ${mtimeNs}`;
  });
  return (await Promise.all(seen)).join("\n");
}

/** What the library makes up where it has found no configuration at all. */
const FOUND_NOTHING = "http://localhost:8080";

/** `current`: the context that is taken where none is named; that of the file unless told. */
async function readConfig(
  { kubeconfig, context }: ClusterAccess,
  current: string | undefined,
): Promise<KubeConfig> {
  // A service without such targets does not pay for the library: 80 MB and most of a second.
  const { KubeConfig: Config } = await import("@kubernetes/client-node");
  const config = new Config();
  const from = kubeconfig ?? "the kubeconfig of the service's user";
  try {
    if (kubeconfig === undefined) config.loadFromDefault();
    else config.loadFromFile(kubeconfig);
  } catch (cause) {
    const text = `The kubeconfig ${from} cannot be read: ${(cause as Error).message}`;
    throw new MalachiteError("EngineUnavailable", text, { cause });
  }
  if (kubeconfig === undefined && config.getCurrentCluster()?.server === FOUND_NOTHING)
    throw new MalachiteError(
      "EngineUnavailable",
      "There is no kubeconfig: KUBECONFIG is not set, ~/.kube/config is not there, and the service is in no cluster. Give the target one with the option kubeconfig.",
    );
  const wanted = context ?? current;
  if (wanted !== undefined) {
    if (config.getContextObject(wanted) === null)
      throw new MalachiteError(
        "EngineUnavailable",
        context !== undefined
          ? `There is no context '${wanted}' in ${from}.`
          : `The context '${wanted}', which was the current one of ${from} when the service began to use it, is there no more. Name another in the option context of the target, or start the service anew.`,
      );
    config.setCurrentContext(wanted);
  }
  if (!config.getCurrentCluster()?.server)
    throw new MalachiteError("EngineUnavailable", `The current context of ${from} names no cluster.`);
  return config;
}
