// The job of a launch by the mark in its folder alone, for volumes that another service may use too: asked for before what no record names
// is removed.
import { MalachiteError } from "@malachite/core";
import type { MarkedPlacesOptions } from "../shared/markedPlaces.ts";
import { isOver, type JobFacts } from "./facts.ts";
import type { KubernetesState } from "./kubernetesHandle.ts";
import type { Place } from "./places.ts";

/** What a mark tells of the job. `server`: its kubeconfig may lead to another cluster one day. */
export type MarkedJob = KubernetesState & { readonly server: string };

export const createWhenOver =
  (placeOf: (job: MarkedJob) => Promise<Place>): MarkedPlacesOptions["whenOver"] =>
  async ({ key, engine }, _folder, signal) => {
    const marked = engine as MarkedJob;
    const { cluster, jobs } = await placeOf(marked);
    if (cluster.server !== marked.server)
      throw new MalachiteError(
        "EngineUnavailable",
        `The job of ${key} was made at ${marked.server}, and its kubeconfig leads to ${cluster.server} now, so nobody can ask whether it runs. Its folder can be removed by hand.`,
      );
    // In this order: a job that has ended makes no further pods.
    const job = await jobs.find(marked.job, signal);
    const pods = await jobs.pods(key, signal);
    if ((job !== undefined && !hasEnded(job)) || !pods.every(isOver)) return undefined;
    return () => jobs.remove({ name: marked.job, ...(job === undefined ? {} : { uid: job.uid }) }, signal);
  };

/** One that others have suspended, as queues do, may go on. */
const hasEnded = (job: JobFacts): boolean =>
  job.complete || job.failed !== undefined || (job.stopped && job.atRest);
