// Why jobs have no pods, in the words of the events of their namespace: a quota, a rule that pods must keep. Asked seldom, for all at once.
import type { Clock } from "@malachite/core";
import type { Cluster } from "./cluster.ts";
import { isRefused } from "./clusterRefused.ts";

export type WhyPodless = (job: string, signal: AbortSignal) => Promise<string | undefined>;

const ASK_EVERY_MS = 3000;

type RawEvent = {
  readonly message?: string;
  readonly involvedObject?: { readonly name?: string };
};

/** The last refusal of each job of the namespace. */
export function createWhyPodless(
  cluster: Cluster,
  namespace: string,
  { now }: Pick<Clock, "now">,
): WhyPodless {
  let asked: Promise<ReadonlyMap<string, string>> | undefined;
  let askedAt = 0;

  async function ask(signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    const query = { fieldSelector: "involvedObject.kind=Job,reason=FailedCreate", limit: "1000" };
    try {
      const { items = [] } = await cluster.ask<{ items?: RawEvent[] }>(
        "GET",
        `/api/v1/namespaces/${namespace}/events`,
        { query },
        signal,
      );
      return new Map(items.map(({ involvedObject, message = "" }) => [involvedObject?.name ?? "", message]));
    } catch (error) {
      // Only the words are lost to a service that may not read events.
      if (isRefused(error, 403)) return new Map();
      throw error;
    }
  }

  return async (job, signal) => {
    if (asked === undefined || now() - askedAt >= ASK_EVERY_MS) {
      askedAt = now();
      const question = ask(signal);
      asked = question;
      question.catch(() => {
        if (asked === question) asked = undefined;
      });
    }
    const message = (await asked).get(job);
    return message?.slice(0, 2000);
  };
}

/** What passes when others end, or when whoever sets it allows more. */
export const isQuota = (message: string): boolean => /exceeded quota/i.test(message);
