// What the ssh driver keeps of a launch: in the handle where it runs, and before there is one, on this machine's disk where it may run.
import { join } from "node:path";
import {
  type Handle,
  isLaunchKey,
  type LaunchKey,
  MalachiteError,
  type TargetSettings,
} from "@malachite/core";
import { writeFileAtomic } from "../../../files/index.ts";
import { readSmallFile } from "../shared/smallFiles.ts";
import type { SshHost, SshOptions } from "./sshTarget.ts";

export const KIND = "ssh";
const VERSION = 1;

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
  /** The control group of the run; empty where there is none. */
  readonly group: string;
  readonly startedAt: number;
};

export type SshState = Started & {
  readonly way: Way;
  /** The port there that leads to the service; 0 for none. */
  readonly tunnel: number;
};

export const makeHandle = (key: LaunchKey, state: SshState): Handle => ({
  key,
  kind: KIND,
  version: VERSION,
  state: JSON.stringify(state),
});

/** Throws Unexpected for a handle that this driver did not make. */
export function readHandle(handle: Handle): SshState {
  const foreign = handle.kind !== KIND || handle.version !== VERSION || !isLaunchKey(handle.key);
  const state = foreign ? undefined : parsed<SshState>(handle.state);
  if (typeof state?.script?.pid === "number" && typeof state.way?.host?.host === "string") return state;
  const what = `key ${handle.key}, kind ${handle.kind}, version ${handle.version}`;
  throw new MalachiteError("Unexpected", `This handle was not made by the ssh driver: ${what}.`);
}

/** `placing`: nothing has been started anywhere. `starting`: on that machine it may have been, and nowhere else. */
export type Note = { readonly phase: "placing" | "starting"; readonly way: Way; readonly tunnel: number };

const NOTE = "note.json";

/** Durable before it answers. */
export const writeNote = (folder: string, note: Note): Promise<void> =>
  writeFileAtomic(join(folder, NOTE), JSON.stringify({ version: 1, ...note }));

export async function readNote(folder: string): Promise<Note | undefined> {
  const note = parsed<Note>((await readSmallFile(folder, NOTE)) ?? "");
  return note?.way?.host === undefined ? undefined : note;
}

function parsed<T>(text: string): (Partial<T> & T) | undefined {
  try {
    return JSON.parse(text) as T;
  } catch {
    // None of ours; told by the caller.
    return undefined;
  }
}
