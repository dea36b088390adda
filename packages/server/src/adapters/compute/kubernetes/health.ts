// Whether a namespace of a cluster can be used: it answers, and the service may do there what it must.
import { type Clock, isMalachiteError } from "@malachite/core";
import { ClusterRefused, isRefused } from "./clusterRefused.ts";
import type { KubernetesOptions } from "./kubernetesTarget.ts";
import type { Place } from "./places.ts";

type Needed = readonly (readonly [string, string, readonly string[]])[];

/** In the namespace of the runs: group, resource, verbs. */
export const NEEDED: Needed = [
  ["batch", "jobs", ["create", "get", "list", "watch", "patch", "delete"]],
  ["", "pods", ["list", "watch", "deletecollection"]],
  ["", "secrets", ["create", "patch", "delete"]],
];

/** For targets with `dns: true`. */
export const NEEDED_FOR_NAMES: Needed = [["", "services", ["create"]]];

const needed = ({ dns }: KubernetesOptions): Needed =>
  dns === true ? [...NEEDED, ...NEEDED_FOR_NAMES] : NEEDED;

/** What is wrong with a place, as it was asked last. */
type Known = { readonly place: Place; readonly fault: Promise<string | undefined>; readonly until: number };
/** Asked for each run that is submitted: a cluster is not asked for its permissions each time. */
const TRUST_MS = 10_000;

/** The reason in words why runs cannot go there; undefined when they can, also when they could a moment ago. */
export function createHealth({ now }: Pick<Clock, "now">) {
  const known = new Map<string, Known>();
  return async (
    place: Place,
    options: KubernetesOptions,
    signal: AbortSignal,
  ): Promise<string | undefined> => {
    const { kubeconfig, context, volume, dns } = options;
    const name = JSON.stringify([kubeconfig, context, place.namespace, volume, dns]);
    const before = known.get(name);
    if (before?.place === place && before.until > now() && (await before.fault) === undefined)
      return undefined;
    const asked = faultOfPlace(place, options, signal);
    known.set(name, { place, fault: asked.catch(String), until: now() + TRUST_MS });
    return asked;
  };
}

async function faultOfPlace(
  { cluster, namespace }: Place,
  options: KubernetesOptions,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const fault = await faultOfNamespace();
    if (fault !== undefined) return fault;
    const missing = (
      await Promise.all(
        needed(options).flatMap(([group, resource, verbs]) =>
          verbs.map(async (verb) =>
            (await isAllowed(group, resource, verb)) ? [] : [`${verb} ${resource}`],
          ),
        ),
      )
    ).flat();
    if (missing.length > 0)
      return `The service may not do this in the namespace '${namespace}' of ${cluster.server}: ${missing.join(", ")}. Give its account a role that allows it.`;
    return await faultOfClaim();
  } catch (error) {
    if (isMalachiteError(error)) return error.message;
    if (error instanceof ClusterRefused) return `${cluster.server} refused: ${error.message}`;
    throw error;
  }

  /** In a namespace that is not there everything is allowed to whoever may do it anywhere. */
  async function faultOfNamespace(): Promise<string | undefined> {
    try {
      await cluster.ask("GET", `/api/v1/namespaces/${namespace}`, { deadlineMs: 5000 }, signal);
      return undefined;
    } catch (error) {
      if (isRefused(error, 404)) return `There is no namespace '${namespace}' in ${cluster.server}.`;
      // Of an account for one namespace alone it is told what it lacks there.
      if (isRefused(error, 403)) return undefined;
      throw error;
    }
  }

  async function isAllowed(group: string, resource: string, verb: string): Promise<boolean> {
    const body = {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SelfSubjectAccessReview",
      spec: { resourceAttributes: { group, resource, verb, namespace } },
    };
    const path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    const answer = await cluster.ask<{ status?: { allowed?: boolean } }>(
      "POST",
      path,
      { body, deadlineMs: 5000 },
      signal,
    );
    return answer.status?.allowed === true;
  }

  async function faultOfClaim(): Promise<string | undefined> {
    if (options.volume === undefined || !("persistentVolumeClaim" in options.volume)) return undefined;
    const claim = options.volume.persistentVolumeClaim;
    try {
      const path = `/api/v1/namespaces/${namespace}/persistentvolumeclaims/${claim}`;
      const found = await cluster.ask<{ status?: { phase?: string } }>(
        "GET",
        path,
        { deadlineMs: 5000 },
        signal,
      );
      return found.status?.phase === "Lost"
        ? `The volume of the claim '${claim}' in the namespace '${namespace}' is lost.`
        : undefined;
    } catch (error) {
      if (isRefused(error, 404)) return `There is no claim '${claim}' in the namespace '${namespace}'.`;
      // Whether it is there shows when a pod asks for it.
      if (isRefused(error, 403)) return undefined;
      throw error;
    }
  }
}
