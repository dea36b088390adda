// A launch whose nodes share nothing but the network: each has a courier of its own, and a home of its own inside the launch's. Here is where
// these lie, and what they say of the launch as a whole.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import {
  type ExitReport,
  type LaunchPlan,
  logsOf,
  MalachiteError,
  type MeetingNode,
  RUN_FOLDER,
  type RunFolder,
  type Sighting,
} from "@malachite/core";
import { writeFileAtomic } from "../../../files/index.ts";
import { createJoinedFolder } from "../shared/joinedFolder.ts";
import { createLocalRunFolder } from "../shared/localRunFolder.ts";
import { exists, readExit, readSmallFile } from "../shared/smallFiles.ts";

/** The logs of each node, the first one first. */
export type NodeLogs = readonly (readonly string[])[];

/** In the home of a launch: the homes of its nodes from the second on. Runs send nothing there. */
const NODES = ".nodes";
const LOGS = "logs.json";
/** Written by a courier when its node has all that it needs to start: where the others reach it. */
export const PLACE_FILE = "place.json";
/** How far the far machine is, for `why`: written by courier.py. */
export const STAGE_FILE = "stage.json";
const MOST_ADDRESS = 253;

/** The home of a node in that of its launch. */
export const nodeHome = (home: string, node: number): string =>
  node === 0 ? home : join(home, NODES, String(node));

/** Logs that come from the node. */
export const logsOfNode = ({ group }: LaunchPlan, node: number): readonly string[] =>
  logsOf({ group: group && { ...group, processes: group.processes.filter((one) => one.node === node) } });

/** Durable. */
export async function makeNodeHomes(home: string, logs: NodeLogs): Promise<void> {
  for (const node of logs.keys()) await mkdir(nodeHome(home, node), { recursive: true });
  await writeFileAtomic(join(home, NODES, LOGS), JSON.stringify(logs));
}

/** Of a launch that has several; undefined for any other. */
export async function nodeLogs(home: string): Promise<NodeLogs | undefined> {
  const text = await readSmallFile(join(home, NODES), LOGS).catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as NodeLogs);
}

/** What several nodes have under one path is that of the first. */
export const joinedHome = (home: string, logs: NodeLogs): RunFolder =>
  createJoinedFolder(
    logs.map((own, node) => ({ folder: createLocalRunFolder(nodeHome(home, node)), logs: own })),
  );

export async function meetingIn(home: string): Promise<readonly MeetingNode[]> {
  const logs = (await nodeLogs(home)) ?? [];
  return await Promise.all(
    logs.map(async (_, node): Promise<MeetingNode> => {
      const own = nodeHome(home, node);
      const [stage, place, ended] = await Promise.all([
        exists(join(own, STAGE_FILE)),
        readJson(own, PLACE_FILE),
        readExit(own),
      ]);
      const { address } = place ?? {};
      const isAddress = typeof address === "string" && address !== "" && address.length <= MOST_ADDRESS;
      return {
        node,
        begun: stage || place !== undefined || ended !== undefined,
        ...(isAddress ? { address } : {}),
        ...(ended === undefined ? {} : { ended: endOf(ended) }),
      };
    }),
  );
}

const endOf = ({ failure, stage }: ExitReport): NonNullable<MeetingNode["ended"]> => ({
  ...(failure === undefined ? {} : { failure }),
  ...(stage === undefined ? {} : { stage }),
});

/** Nodes whose last files have not come, where the first says how the run has ended. One that the others have lost is not among them. */
export async function lackingIn(home: string): Promise<readonly number[]> {
  const logs = await nodeLogs(home);
  if (logs === undefined) return [];
  const { lost } = (await readJson(home, RUN_FOLDER.groupExit)) ?? {};
  const homes = await Promise.all(
    logs.map(async (_, node) => node === lost || (await exists(join(nodeHome(home, node), RUN_FOLDER.exit)))),
  );
  return homes.flatMap((isHome, node) => (isHome ? [] : [node]));
}

/** What the first node says, and what it waits for. */
export async function sightNodes(home: string, own: Sighting | undefined): Promise<Sighting | undefined> {
  if (own?.at === "running") return own;
  const nodes = await meetingIn(home);
  if (nodes.length === 0) return own;
  if (own?.at === "ended") {
    // Nobody but who asks the engine knows whether the others still bring something.
    const killed = await Promise.all(nodes.map(({ node }) => readExit(nodeHome(home, node))));
    return killed.some((one) => one?.outOfMemory) ? { ...own, outOfMemory: true } : own;
  }
  const late = nodes.find(({ address }) => address === undefined);
  if (nodes[0]?.address === undefined || late === undefined) return own;
  const { why } = (await readJson(nodeHome(home, late.node), STAGE_FILE)) ?? {};
  const does = typeof why === "string" ? why.slice(0, 500) : "nothing of it has come to the service yet.";
  return { at: "waiting", why: `Node ${late.node}: ${does}` };
}

/** The home of a node that the launch has. */
export async function checkedHome(home: string, node: number): Promise<string> {
  const own = nodeHome(home, node);
  if (Number.isSafeInteger(node) && node >= 0 && (await exists(own))) return own;
  throw new MalachiteError("ArtifactNotFound", `The launch has no node ${node} that sends files by itself.`);
}

/** The far machine writes these: nothing in them is trusted. */
export async function readJson(folder: string, name: string): Promise<Record<string, unknown> | undefined> {
  try {
    const value: unknown = JSON.parse((await readSmallFile(folder, name)) ?? "null");
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    // Half written, or anything else.
    return undefined;
  }
}
