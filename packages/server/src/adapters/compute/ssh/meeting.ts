// Runs of several nodes that are machines by themselves: which they are, and what each is told so that they find each other.
import { randomBytes, randomInt } from "node:crypto";
import { type LaunchPlan, logsOf, MalachiteError } from "@malachite/core";
import type { NotedPart } from "./sshHandle.ts";

/** Outside of the ports that systems give away by themselves. */
const PORTS = { from: 10_240, to: 32_767 };
/** One of them is free. */
const PORTS_TRIED = 8;

/** How many machines or slots the run takes. Throws UnsupportedField for one that only one machine can do. */
export function nodesOf({ nodes, group, target }: LaunchPlan): number {
  if (nodes === 1 || group === undefined) return 1;
  if (group.starter === "direct") return nodes;
  throw new MalachiteError(
    "UnsupportedField",
    `The target '${target.name}' starts MPI on one machine alone: its machines do not let mpirun start processes on each other. Ask for one node with more processes (processCountPerNode), or use Gloo or Nccl.`,
    { target: "configuration.nodeCount" },
  );
}

/** Logs that come from the node. */
export const logsOfNode = ({ group }: LaunchPlan, node: number): readonly string[] =>
  logsOf({ group: group && { ...group, processes: group.processes.filter((one) => one.node === node) } });

/** A variable for each node, for no eyes but its own; nothing where there is only one. */
export function meetingOf(parts: readonly NotedPart[]): readonly Readonly<Record<string, string>>[] {
  if (parts.length === 1) return [{}];
  const hosts = parts.map(({ way: { host } }) => host.address ?? host.host);
  const ports = new Set<number>();
  while (ports.size < PORTS_TRIED) ports.add(randomInt(PORTS.from, PORTS.to + 1));
  const known = { hosts, ports: [...ports], token: randomBytes(32).toString("hex") };
  return parts.map((_, node) => ({ MALACHITE_PART: JSON.stringify({ node, ...known }) }));
}
