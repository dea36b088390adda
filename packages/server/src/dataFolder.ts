// The one data folder of a server: its layout, its lock, its keys. A second server on the same folder is refused.
import { randomBytes, randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { MalachiteError } from "@malachite/core";

/** What a running server tells of itself in `server.json`, for people and for the CLI. */
export type ServerNote = {
  readonly pid: number;
  readonly url: string;
  readonly startedAt: string;
  /** The settings file that it follows. */
  readonly settings: string;
};

export type DataFolder = {
  readonly path: string;
  readonly records: string;
  readonly runs: string;
  /** Those of runs in containers. */
  readonly containers: string;
  /** What goes to runs on machines that see nothing of this one, and what comes home from there. */
  readonly away: string;
  /** What came home of runs on machines reached over ssh. */
  readonly ssh: string;
  /** Those of jobs of Slurm, unless their target says where. */
  readonly slurm: string;
  readonly blobs: string;
  readonly incoming: string;
  /** Environments that were built, and the tools for it. */
  readonly environments: string;
  /** What is brought to runs and taken from them, by their launch keys. */
  readonly runData: string;
  /** Who did what. */
  readonly audit: string;
  /** The authority, the server's certificate, and what clients trust. */
  readonly tls: string;
  /** Signs the service's own tokens and links; made once, readable by its owner alone. */
  readonly secret: Uint8Array;
  /** A GUID of this data folder: workspaces of another folder are other workspaces. */
  readonly id: string;
  /** Says where the server is; gone when the folder is closed. */
  announce(note: ServerNote): void;
  [Symbol.dispose](): void;
};

/**
 * Makes the folder if it is new and locks it. The lock is the kernel's own, on an open file: it ends with the process however
 * that dies. Throws Busy naming the server that has it.
 */
export function openDataFolder(path: string): DataFolder {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new MalachiteError(
      "StorageFailed",
      `The data folder '${path}' cannot be made: ${String(cause)}. Give another with --data.`,
      { cause },
    );
  }
  const note = join(path, "server.json");
  const lock = lockFile(join(path, "lock"), path, note);
  const folders = {
    records: join(path, "records.sqlite"),
    runs: join(path, "runs"),
    containers: join(path, "containers"),
    away: join(path, "away"),
    ssh: join(path, "ssh"),
    slurm: join(path, "slurm"),
    blobs: join(path, "blobs"),
    incoming: join(path, "incoming"),
    environments: join(path, "environments"),
    runData: join(path, "data"),
    audit: join(path, "audit"),
    tls: join(path, "tls"),
  };
  for (const folder of [folders.runs, folders.containers, folders.blobs, folders.tls])
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  // Uploads that a dead server did not finish belong to nobody.
  rmSync(folders.incoming, { recursive: true, force: true });
  mkdirSync(folders.incoming, { recursive: true, mode: 0o700 });
  return {
    path,
    ...folders,
    secret: Buffer.from(
      keep(join(path, "secret"), () => randomBytes(32).toString("hex")),
      "hex",
    ),
    id: keep(join(path, "id"), randomUUID),
    announce: (told) => replace(note, `${JSON.stringify(told)}\n`),
    [Symbol.dispose]: () => {
      rmSync(note, { force: true });
      lock.close();
    },
  };
}

function lockFile(file: string, folder: string, note: string): DatabaseSync {
  const lock = new DatabaseSync(file, { timeout: 0 });
  try {
    lock.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
    return lock;
  } catch (cause) {
    lock.close();
    throw new MalachiteError(
      "Busy",
      `${holder(note)} uses the data folder '${folder}'. Stop it, or give another folder with --data.`,
      { cause },
    );
  }
}

function holder(note: string): string {
  try {
    const { pid, url } = JSON.parse(readFileSync(note, "utf8")) as ServerNote;
    return `Another server (process ${pid}, ${url})`;
  } catch {
    // The other server has not announced itself yet.
    return "Another server";
  }
}

/** The content of a small file, made once and whole. */
function keep(file: string, make: () => string): string {
  if (!existsSync(file)) {
    replace(file, make());
  }
  return readFileSync(file, "utf8").trim();
}

/** Readers see the old content or the new one, never a part. */
function replace(file: string, content: string): void {
  writeFileSync(`${file}.new`, content, { mode: 0o600, flush: true });
  renameSync(`${file}.new`, file);
}
