// The clusters that targets name, by kubeconfig and context: opened when first asked, with the credentials that the library finds.
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent, type RequestOptions } from "node:https";
import type { KubeConfig } from "@kubernetes/client-node";
import { MalachiteError } from "@malachite/core";
import { type Cluster, createCluster } from "./cluster.ts";

/** Which cluster, as whom. Neither: the kubeconfig of the service's user, and inside a cluster its own account. */
export type ClusterAccess = { readonly kubeconfig?: string; readonly context?: string };

export type Clusters = Disposable & {
  /** Throws EngineUnavailable where the configuration cannot be read, naming the file. */
  at(access: ClusterAccess): Promise<Cluster>;
};

/** Each with connections of its own, which are kept: a question then costs no handshake. */
export function createClusters(): Clusters {
  const known = new Map<string, Promise<Cluster>>();
  const agents: (HttpAgent | HttpsAgent)[] = [];

  async function open({ kubeconfig, context }: ClusterAccess): Promise<Cluster> {
    const config = await readConfig(kubeconfig, context);
    const server = config.getCurrentCluster()?.server ?? "";
    const proxied = config.getCurrentCluster()?.proxyUrl !== undefined;
    const keepAlive = { keepAlive: true, keepAliveMsecs: 10_000, scheduling: "fifo" as const };
    const agent = server.startsWith("http:") ? new HttpAgent(keepAlive) : new HttpsAgent(keepAlive);
    agents.push(agent);
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
    at(access) {
      const name = JSON.stringify([access.kubeconfig, access.context]);
      const opened = known.get(name) ?? open(access);
      known.set(name, opened);
      opened.catch(() => known.delete(name));
      return opened;
    },
    [Symbol.dispose]() {
      for (const agent of agents) agent.destroy();
      known.clear();
    },
  };
}

/** What the library makes up where it has found no configuration at all. */
const FOUND_NOTHING = "http://localhost:8080";

async function readConfig(kubeconfig: string | undefined, context: string | undefined): Promise<KubeConfig> {
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
  if (context !== undefined) {
    if (config.getContextObject(context) === null)
      throw new MalachiteError("EngineUnavailable", `There is no context '${context}' in ${from}.`);
    config.setCurrentContext(context);
  }
  if (!config.getCurrentCluster()?.server)
    throw new MalachiteError("EngineUnavailable", `The current context of ${from} names no cluster.`);
  return config;
}
