// Where jobs are: a namespace of a cluster, with all that the driver asks there. Each is opened once, and anew with its cluster.
import type { Clock, LaunchKey } from "@malachite/core";
import type { Cluster } from "./cluster.ts";
import type { ClusterAccess, Clusters } from "./clusters.ts";
import { createJobs, type Jobs } from "./jobs.ts";
import { createNamespaceWatch, type NamespaceWatch } from "./namespaceWatch.ts";
import { createWhyPodless, createWhyUnmade, type LastEvent } from "./toldByEvents.ts";

export type Place = {
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly jobs: Jobs;
  readonly watch: NamespaceWatch;
  /** Why a job has no pod. */
  readonly whyPodless: LastEvent;
  /** Why a node cannot make the container of a pod. */
  readonly whyUnmade: LastEvent;
};

export type Places = Disposable & {
  /** Without a namespace that of the context is meant. Throws EngineUnavailable. */
  at(access: ClusterAccess & { readonly namespace?: string }): Promise<Place>;
};

export type PlacesOptions = {
  readonly clusters: Clusters;
  readonly service: string;
  readonly clock: Pick<Clock, "now">;
  readonly onChange: (key: LaunchKey) => void;
};

export function createPlaces({ clusters, service, clock, onChange }: PlacesOptions): Places {
  const known = new Map<string, Place>();
  return {
    async at(access) {
      const cluster = await clusters.at(access);
      const namespace = access.namespace ?? cluster.namespace ?? "default";
      const name = JSON.stringify([access.kubeconfig, access.context, namespace]);
      const there = known.get(name);
      if (there?.cluster === cluster) return there;
      const place = {
        ...{ cluster, namespace },
        jobs: createJobs(cluster, namespace, service),
        watch: createNamespaceWatch({ cluster, namespace, service, onChange }),
        whyPodless: createWhyPodless(cluster, namespace, clock),
        whyUnmade: createWhyUnmade(cluster, namespace, clock),
      };
      known.set(name, place);
      there?.watch[Symbol.dispose]();
      return place;
    },
    [Symbol.dispose]() {
      for (const { watch } of known.values()) watch[Symbol.dispose]();
      known.clear();
    },
  };
}
