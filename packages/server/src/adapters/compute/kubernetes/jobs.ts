// What the driver asks a cluster about the job of a launch: made once, found, ended with its pods, removed. Knows no folder and no plan.
import type { V1Secret, V1Service } from "@kubernetes/client-node";
import { type LaunchKey, MalachiteError } from "@malachite/core";
import type { Cluster } from "./cluster.ts";
import { isRefused } from "./clusterRefused.ts";
import { type JobFacts, jobFacts, LABELS, type PodFacts, podFacts, STOPPED, serviceOf } from "./facts.ts";
import { type JobParts, secretName } from "./jobSpec.ts";

export type Jobs = {
  /** Of a job that is there already under that name, what it is. Throws ClusterRefused; EngineUnavailable may mean that it was made. */
  create(parts: JobParts, signal: AbortSignal): Promise<JobFacts>;
  find(name: string, signal: AbortSignal): Promise<JobFacts | undefined>;
  pods(key: LaunchKey, signal: AbortSignal): Promise<readonly PodFacts[]>;
  /** Nothing of it is started any more from now on. Not there is success. */
  suspend(name: string, signal: AbortSignal): Promise<void>;
  /** Asks the pods to end, and forces them after so long. */
  endPods(key: LaunchKey, graceSeconds: number, signal: AbortSignal): Promise<void>;
  /** With its secret; its pods follow. Not there is success. `uid`: that one alone; throws ClusterRefused for another of its name. */
  remove(job: { readonly name: string; readonly uid?: string }, signal: AbortSignal): Promise<void>;
};

const MERGE = "application/merge-patch+json";

/** The jobs of one service in one namespace. */
export function createJobs(cluster: Cluster, namespace: string, service: string): Jobs {
  const jobs = `/apis/batch/v1/namespaces/${namespace}/jobs`;
  const core = `/api/v1/namespaces/${namespace}`;
  const selectorOf = (key: LaunchKey) => `${LABELS.service}=${service},${LABELS.key}=${key}`;

  async function find(name: string, signal: AbortSignal): Promise<JobFacts | undefined> {
    const object = await unlessGone(() => cluster.ask("GET", `${jobs}/${name}`, {}, signal));
    if (object === undefined) return undefined;
    const facts = serviceOf(object) === service ? jobFacts(object) : undefined;
    if (facts !== undefined) return facts;
    const text = `The name ${name} in the namespace '${namespace}' of ${cluster.server} is taken by a job that this service did not make.`;
    throw new MalachiteError("EngineRefused", text);
  }

  /** It may be left over from a launch that was cut short: then its token is an old one. */
  async function putSecret(secret: V1Secret, signal: AbortSignal): Promise<void> {
    const name = secret.metadata?.name ?? "";
    for (let tries = 1; ; tries++)
      try {
        await cluster.ask("POST", `${core}/secrets`, { body: secret }, signal);
        return;
      } catch (error) {
        if (!isRefused(error, 409) || tries > 3) throw error;
        await unlessGone(() => cluster.ask("DELETE", `${core}/secrets/${name}`, {}, signal));
      }
  }

  /** So that it goes with the job, whoever removes that. */
  async function ownSecret(name: string, { uid }: Pick<JobFacts, "uid">, signal: AbortSignal): Promise<void> {
    const body = { metadata: { ownerReferences: [ownerOf(name, { uid })] } };
    await unlessGone(() =>
      cluster.ask("PATCH", `${core}/secrets/${secretName(name)}`, { body, contentType: MERGE }, signal),
    );
  }

  const ownerOf = (name: string, { uid }: Pick<JobFacts, "uid">) => ({
    ...{ apiVersion: "batch/v1", kind: "Job", name, uid },
  });

  /** It goes with the job. Its pods do without names where this is cut short. */
  async function putNames(names: V1Service, owner: object, signal: AbortSignal): Promise<void> {
    const body = { ...names, metadata: { ...names.metadata, ownerReferences: [owner] } };
    await cluster.ask("POST", `${core}/services`, { body }, signal).catch((error: unknown) => {
      if (!isRefused(error)) throw error;
    });
  }

  return {
    find,
    async create({ job, secret, service: names }, signal) {
      const name = job.metadata?.name ?? "";
      const earlier = await find(name, signal);
      if (earlier !== undefined) return earlier;
      if (secret !== undefined) await putSecret(secret, signal);
      let made: JobFacts | undefined;
      try {
        made = jobFacts(await cluster.ask("POST", jobs, { body: job, deadlineMs: 30_000 }, signal));
      } catch (error) {
        if (!isRefused(error, 409)) {
          if (isRefused(error) && secret !== undefined) await removeSecret(name, signal);
          throw error;
        }
        // An earlier question was answered late: it is the same launch.
        made = await find(name, signal);
      }
      if (made === undefined)
        throw new MalachiteError("EngineUnavailable", `The job ${name} was gone as soon as it was made.`);
      if (secret !== undefined) await ownSecret(name, made, signal);
      if (names !== undefined) await putNames(names, ownerOf(name, made), signal);
      return made;
    },
    async pods(key, signal) {
      const query = { labelSelector: selectorOf(key) };
      const { items = [] } = await cluster.ask<{ items?: unknown[] }>(
        "GET",
        `${core}/pods`,
        { query },
        signal,
      );
      return items.map(podFacts).filter((pod) => pod !== undefined);
    },
    async suspend(name, signal) {
      const body = { metadata: { annotations: { [STOPPED]: "true" } }, spec: { suspend: true } };
      // 422: a job that has ended is not changed any more.
      await unlessGone(() =>
        cluster.ask("PATCH", `${jobs}/${name}`, { body, contentType: MERGE }, signal),
      ).catch((error: unknown) => {
        if (!isRefused(error, 422)) throw error;
      });
    },
    async endPods(key, graceSeconds, signal) {
      const query = { labelSelector: selectorOf(key) };
      const body = { apiVersion: "v1", kind: "DeleteOptions", gracePeriodSeconds: graceSeconds };
      await cluster.ask("DELETE", `${core}/pods`, { query, body }, signal);
    },
    async remove({ name, uid }, signal) {
      const only = uid === undefined ? {} : { preconditions: { uid } };
      const body = { apiVersion: "v1", kind: "DeleteOptions", propagationPolicy: "Background", ...only };
      await unlessGone(() => cluster.ask("DELETE", `${jobs}/${name}`, { body }, signal));
      await removeSecret(name, signal);
    },
  };

  async function removeSecret(job: string, signal: AbortSignal): Promise<void> {
    await unlessGone(() => cluster.ask("DELETE", `${core}/secrets/${secretName(job)}`, {}, signal));
  }
}

async function unlessGone<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (isRefused(error, 404)) return undefined;
    throw error;
  }
}
