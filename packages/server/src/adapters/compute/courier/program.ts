// The program for the far machine as one file: a zip that python runs (`python3 courier.pyz …`), of the courier's own files and of the
// agent's that it shares with runs on a user's machine.
import { readFile } from "node:fs/promises";

/** One file of a zip. `mode` holds the permission bits only. */
type ZipEntry = { readonly path: string; readonly mode: number; readonly bytes: Uint8Array };
export type WriteZip = (entries: Iterable<ZipEntry>) => AsyncIterable<Uint8Array>;

export type ProgramFiles = {
  readonly writeZip: WriteZip;
  /** The folder with the courier's files, ending in a slash. Default: the one beside this file. */
  readonly files?: URL;
  /** The folder with the files of the local bundle, ending in a slash. */
  readonly agent: URL;
};

/** Relative to the folder `files`. A test compares both ways. */
export const COURIER_FILES = [
  "__main__.py",
  ...[
    "__init__",
    "arrange",
    "cache",
    "cli",
    "courier",
    "environment",
    "files",
    "folder",
    "home",
    "http_link",
    "job",
    "links",
    "meeting",
    "parcel",
    "patience",
    "run",
    "say",
    "sender",
    "tools",
  ].map((name) => `malachite_courier/${name}.py`),
] as const;

/** What of the agent is used: how environments are made, how HTTP is spoken, how trees of processes are ended. */
export const AGENT_FILES = ["__init__", "builds", "folders", "kept", "processes", "script", "transport"].map(
  (name) => `malachite_agent/${name}.py`,
);

/** Reads the files at the first call and keeps them: about 60 kB. */
export function createProgram({
  writeZip,
  files = new URL("./files/", import.meta.url),
  agent,
}: ProgramFiles) {
  let program: Promise<Uint8Array> | undefined;
  const read = async (): Promise<Uint8Array> => {
    const entries = await Promise.all([
      ...COURIER_FILES.map((path) => entryOf(path, files)),
      ...AGENT_FILES.map((path) => entryOf(path, agent)),
    ]);
    const parts: Uint8Array[] = [];
    for await (const part of writeZip(entries)) parts.push(part);
    return Buffer.concat(parts);
  };
  return (): Promise<Uint8Array> => {
    program ??= read();
    return program;
  };
}

const entryOf = async (path: string, folder: URL): Promise<ZipEntry> => ({
  path,
  mode: 0o644,
  bytes: await readFile(new URL(path, folder)),
});
