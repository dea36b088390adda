// What the ssh driver keeps of a launch: in the handle where it runs, and before there is one, on this machine's disk where it may run.
import { join } from "node:path";
import type { LaunchKey, TargetSettings } from "@malachite/core";
import { writeFileAtomic } from "../../../files/index.ts";
import { handlesOf } from "../shared/handles.ts";
import { readSmallFile } from "../shared/smallFiles.ts";
import type { SshHost, SshOptions } from "./sshTarget.ts";

export const KIND = "ssh";

/** How a machine is reached; what the settings say by now goes before it. Holds no secret: a key is named, not kept. */
export type Way = {
  readonly target: string;
  readonly host: SshHost;
  readonly options: Pick<SshOptions, "key" | "agent" | "knownHosts" | "folder" | "python">;
};

export const wayOf = (
  target: Pick<TargetSettings, "name">,
  host: SshHost,
  { key, agent, knownHosts, folder, python }: Way["options"],
): Way => ({ target: target.name, host, options: { key, agent, knownHosts, folder, python } });

/** The start script, or what makes its environment; pid 0 where that ended before it wrote down who it is. */
export type FarScript = { readonly pid: number; readonly startTime: string; readonly boot: string };

export type Started = {
  readonly script: FarScript;
  /** The control groups of the run, none where that machine has none; one alone was written as a text once. */
  readonly group: string | readonly string[];
  readonly startedAt: number;
};

/** One node of a run, or the whole of it, on its machine. */
export type SshPart = Started & {
  readonly way: Way;
  /** The port there that leads to the service; 0 for none. */
  readonly tunnel: number;
};

export type SshState = SshPart & {
  /** The nodes from the second on, where they are machines by themselves; each with the logs that come from it. */
  readonly others?: readonly (SshPart & { readonly logs?: readonly string[] })[];
};

/** How a launch is called on the machine of one of its nodes. */
export const farKeyOf = (key: LaunchKey, node: number): string => (node === 0 ? key : `${key}+${node}`);

export type Part = SshPart & { readonly farKey: string; readonly node: number };

/** All nodes of a launch that are machines by themselves; of any other run the one that it has. */
export const partsOf = (key: LaunchKey, { others = [], ...first }: SshState): readonly Part[] =>
  [first, ...others].map((part, node) => ({ ...part, farKey: farKeyOf(key, node), node }));

export const { make: makeHandle, read: readHandle } = handlesOf<SshState>(
  KIND,
  1,
  (state) => typeof state.script.pid === "number" && typeof state.way.host.host === "string",
);

export type NotedPart = Pick<SshPart, "way" | "tunnel"> & { readonly logs?: readonly string[] };

/** `placing`: nothing has been started anywhere. `starting`: on those machines it may have been, and nowhere else. */
export type Note = NotedPart & {
  readonly phase: "placing" | "starting";
  readonly others?: readonly NotedPart[];
};

export const notedParts = ({ way, tunnel, others = [] }: Note): readonly NotedPart[] => [
  { way, tunnel },
  ...others,
];

/** On all of these machines it may have been started. */
export const startingOn = ([first, ...others]: readonly NotedPart[]): Note => ({
  ...{ phase: "starting", ...(first as NotedPart) },
  ...(others.length === 0 ? {} : { others }),
});

/** What is known of a launch whose nodes have begun there. */
export function stateOf(begun: readonly Started[], parts: readonly NotedPart[]): SshState {
  const all = parts.map((part, node) => ({ ...(begun[node] as Started), ...part }));
  const [first, ...others] = all as [SshState, ...SshState[]];
  return others.length === 0 ? first : { ...first, others };
}

const NOTE = "note.json";

/** Durable before it answers. */
export const writeNote = (folder: string, note: Note): Promise<void> =>
  writeFileAtomic(join(folder, NOTE), JSON.stringify({ version: 1, ...note }));

export async function readNote(folder: string): Promise<Note | undefined> {
  const text = await readSmallFile(folder, NOTE);
  if (text === undefined) return undefined;
  try {
    const note = JSON.parse(text) as Partial<Note> | null;
    return note?.way?.host === undefined ? undefined : (note as Note);
  } catch {
    // None of ours.
    return undefined;
  }
}
