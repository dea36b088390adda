// The state that the kubernetes driver keeps in a handle: which cluster and namespace, and where the run's folder is.
import type { NodeLogs } from "../courier/index.ts";
import { handlesOf } from "../shared/handles.ts";
import type { ClusterAccess } from "./clusters.ts";
import type { KubernetesOptions } from "./kubernetesTarget.ts";

export const KIND = "kubernetes";

export type KubernetesState = ClusterAccess & {
  readonly namespace: string;
  readonly job: string;
  /** The folder in which the run's folder lies, as the service sees it; absent where a courier carries its files. */
  readonly runs?: string;
  /** Of a run whose pods send their files by themselves: the logs of each. */
  readonly logs?: NodeLogs;
  /** How long it may fail to start, in ms. */
  readonly startMs: number;
};

/** Unless the target tells. */
const START_MS = 120_000;

/** Of a job in that namespace, by the options of its target. */
export const makeState = (
  { kubeconfig, context, startSeconds }: KubernetesOptions,
  {
    namespace,
    job,
    runs,
  }: { readonly namespace: string; readonly job: string; readonly runs: string | undefined },
): KubernetesState => ({
  ...(kubeconfig === undefined ? {} : { kubeconfig }),
  ...(context === undefined ? {} : { context }),
  ...{ namespace, job },
  ...(runs === undefined ? {} : { runs }),
  startMs: startSeconds === undefined ? START_MS : startSeconds * 1000,
});

export const { make: makeHandle, read: readHandle } = handlesOf<KubernetesState>(
  KIND,
  1,
  (state) => typeof state.namespace === "string" && typeof state.job === "string",
);
