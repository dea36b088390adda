// What the ssh driver keeps of a launch: in the handle where it runs, and before there is one, on this machine's disk where it may run.
import { join } from "node:path";
import type { TargetSettings } from "@malachite/core";
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

export type SshState = Started & {
  readonly way: Way;
  /** The port there that leads to the service; 0 for none. */
  readonly tunnel: number;
};

export const { make: makeHandle, read: readHandle } = handlesOf<SshState>(
  KIND,
  1,
  (state) => typeof state.script.pid === "number" && typeof state.way.host.host === "string",
);

/** `placing`: nothing has been started anywhere. `starting`: on that machine it may have been, and nowhere else. */
export type Note = { readonly phase: "placing" | "starting"; readonly way: Way; readonly tunnel: number };

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
