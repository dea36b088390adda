// Runs of several nodes that are machines by themselves: which they are, and what each is told so that they find each other.
import { randomBytes, randomInt } from "node:crypto";
import type { LaunchPlan } from "@malachite/core";
import type { NotedPart } from "./sshHandle.ts";
import { addressOf } from "./sshTarget.ts";

/** Outside of the ports that systems give away by themselves. */
const PORTS = { from: 10_240, to: 32_767 };
/** One of them is free. */
const PORTS_TRIED = 8;

/** How many slots the run takes. */
export const nodesOf = ({ nodes, group }: LaunchPlan): number => (group === undefined ? 1 : nodes);

/** mpirun knows nodes by their addresses: each is a machine of its own. */
export const isApart = ({ group }: LaunchPlan): boolean => group?.starter === "mpirun";

/** A variable for each node, for no eyes but its own; nothing where there is only one. */
export function meetingOf(parts: readonly NotedPart[]): readonly Readonly<Record<string, string>>[] {
  if (parts.length === 1) return [{}];
  const hosts = parts.map(({ way: { host } }) => addressOf(host));
  const ports = new Set<number>();
  while (ports.size < PORTS_TRIED) ports.add(randomInt(PORTS.from, PORTS.to + 1));
  const known = { hosts, ports: [...ports], token: randomBytes(32).toString("hex") };
  return parts.map((_, node) => ({ MALACHITE_PART: JSON.stringify({ node, ...known }) }));
}
