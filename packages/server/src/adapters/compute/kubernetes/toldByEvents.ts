// What the events of a namespace say, in the cluster's words: why jobs have no pods, why a node cannot make a container. Asked seldom, for all at once.
import type { Clock } from "@malachite/core";
import type { Cluster } from "./cluster.ts";
import { isRefused } from "./clusterRefused.ts";

/** The last such event of the object with that name. */
export type LastEvent = (name: string, signal: AbortSignal) => Promise<string | undefined>;

const ASK_EVERY_MS = 3000;

type RawEvent = {
  readonly reason?: string;
  readonly message?: string;
  readonly lastTimestamp?: string | null;
  readonly involvedObject?: { readonly name?: string };
};

type EventsOf = (cluster: Cluster, namespace: string, clock: Pick<Clock, "now">) => LastEvent;

/** A quota, a rule that pods must keep. */
export const createWhyPodless: EventsOf = (cluster, namespace, clock) =>
  lastEvents(cluster, namespace, clock, {
    kind: "Job",
    reasons: ["FailedCreate"],
    words: ({ message = "" }) => message,
  });

/** A volume that cannot be mounted, a network or a runtime that the node does not have. Past is what the node had to say before it went on to the image. */
export const createWhyUnmade: EventsOf = (cluster, namespace, clock) =>
  lastEvents(cluster, namespace, clock, {
    kind: "Pod",
    reasons: ["FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox", "Pulling"],
    words: ({ reason = "", message = "" }) => (reason === "Pulling" ? undefined : `${reason}: ${message}`),
  });

function lastEvents(
  cluster: Cluster,
  namespace: string,
  { now }: Pick<Clock, "now">,
  of: {
    readonly kind: string;
    readonly reasons: readonly string[];
    readonly words: (event: RawEvent) => string | undefined;
  },
): LastEvent {
  let asked: Promise<ReadonlyMap<string, string | undefined>> | undefined;
  let askedAt = 0;

  async function ask(signal: AbortSignal): Promise<ReadonlyMap<string, string | undefined>> {
    const lists = of.reasons.map(async (reason) => {
      const query = { fieldSelector: `involvedObject.kind=${of.kind},reason=${reason}`, limit: "1000" };
      const path = `/api/v1/namespaces/${namespace}/events`;
      const { items = [] } = await cluster.ask<{ items?: RawEvent[] }>("GET", path, { query }, signal);
      return items;
    });
    try {
      const events = (await Promise.all(lists)).flat().sort((one, other) => timeOf(one) - timeOf(other));
      return new Map(events.map((event) => [event.involvedObject?.name ?? "", of.words(event)]));
    } catch (error) {
      // Only the words are lost to a service that may not read events.
      if (isRefused(error, 403)) return new Map();
      throw error;
    }
  }

  return async (name, signal) => {
    if (asked === undefined || now() - askedAt >= ASK_EVERY_MS) {
      askedAt = now();
      const question = ask(signal);
      asked = question;
      question.catch(() => {
        if (asked === question) asked = undefined;
      });
    }
    const message = (await asked).get(name);
    return message?.slice(0, 2000);
  };
}

const timeOf = ({ lastTimestamp }: RawEvent): number => Date.parse(lastTimestamp ?? "") || 0;

/** What passes when others end, or when whoever sets it allows more. */
export const isQuota = (message: string): boolean => /exceeded quota/i.test(message);
