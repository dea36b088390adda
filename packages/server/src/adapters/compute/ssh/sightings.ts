// What a machine says of a run becomes a sighting; and those of several machines become one.
import { type LaunchKey, parseExitRecord, type Sighting } from "@malachite/core";
import type { Part } from "./sshHandle.ts";

export type Sight = {
  readonly key: string;
  readonly alive: boolean;
  readonly claimed: boolean;
  readonly exit?: string;
  readonly lost?: true;
  readonly phase?: string;
  /** Why the node has not joined the others. */
  readonly apart?: string;
  readonly error?: string;
};

/** Of one machine; `name` is the machine's. */
export function sightingOf(
  name: string,
  { exit, alive, claimed, lost, phase }: Sight,
  { farKey, startedAt }: Pick<Part, "farKey" | "startedAt">,
): Sighting {
  const report = exit === undefined ? undefined : parseExitRecord(exit);
  if (report !== undefined) return { at: "ended", ...report };
  if (alive && claimed) return { at: "running", startedAt };
  if (alive) return { at: "waiting", ...(phase === undefined ? {} : { why: phase }) };
  return lost
    ? { at: "gone", why: `The folder of ${farKey} on ${name} is not there any more.` }
    : { at: "gone" };
}

/** A node as it was seen; without a sighting its machine cannot be asked now. */
export type SeenNode = {
  readonly machine: string;
  readonly sighting?: Sighting;
  readonly apart?: string;
};

/** A group that has begun everywhere has met within this, in ms; and one whose node has ended notices it. */
const PATIENCE_MS = 60_000;

export type JoinedSighting = {
  readonly sighting: Sighting;
  /** Since when something is amiss that the nodes themselves may still notice; whoever asks keeps it for the next time. */
  readonly amissSince?: number;
  /** They do not: all of them are to be ended. */
  readonly end?: true;
};

/** Undefined where the first machine cannot be asked: it alone knows how the run is. */
export function joinSightings(
  [first, ...others]: readonly SeenNode[],
  amissSince: number | undefined,
  now: number,
): JoinedSighting | undefined {
  const own = first?.sighting;
  if (own === undefined) return undefined;
  const lacking = others
    .map((node, index) => ({ ...node, number: index + 1 }))
    .flatMap(({ number, machine, sighting, apart }): { text?: string; final: boolean }[] => {
      const node = `Node ${number} (${machine})`;
      if (sighting?.at === "ended" && sighting.failure !== undefined)
        return [{ text: `${node} did not begin: ${sighting.failure}`, final: true }];
      if (sighting?.at === "gone")
        return [
          {
            text: `${node} was lost: its machine was started anew, or its processes were killed.`,
            final: false,
          },
        ];
      if (apart !== undefined) return [{ text: `${apart}.`, final: false }];
      return sighting?.at === "ended" ? [{ final: false }] : [];
    });
  const [fault] = lacking.toSorted((a, b) => Number(b.final) - Number(a.final));
  if (own.at === "ended") {
    // Ended from outside: where a node is the reason, that is what there is to tell.
    const told = own.signal !== undefined && own.failure === undefined && fault?.text !== undefined;
    return { sighting: told ? { ...own, failure: fault.text } : own };
  }
  // While the first still makes its environment, nobody can join it.
  if (own.at === "gone" || fault === undefined || !(fault.final || own.at === "running"))
    return { sighting: own.at === "running" ? waitingOr(own, others) : own };
  const since = amissSince ?? now;
  const end = fault.final || now - since > PATIENCE_MS;
  return { sighting: own, amissSince: since, ...(end ? { end } : {}) };
}

/** The processes of all start together: while one node still makes its environment, the run waits for it. */
function waitingOr(own: Sighting, others: readonly SeenNode[]): Sighting {
  const late = others.findIndex(({ sighting }) => sighting?.at === "waiting");
  const sighting = others[late]?.sighting;
  if (sighting?.at !== "waiting") return own;
  return {
    at: "waiting",
    why: `Node ${late + 1} (${others[late]?.machine}): ${sighting.why ?? "it begins"}`,
  };
}

/** Since when runs have something amiss; in memory alone, since it is only counted again after a restart. */
export type Amiss = Map<LaunchKey, number>;
