// The data folder of a server: its layout, its lock, its keys. A second server on the same folder is refused, unless all of them keep
// their records in one database.
import { randomBytes, randomUUID } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
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
  /** What this server alone has in it is under this name; empty where it has all of it. */
  readonly name: string;
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
  /** To be called when all is made that a new folder lacks: other servers that start on it wait for that. */
  begun(): void;
  /** Says where the server is; gone when the folder is closed. */
  announce(note: ServerNote): void;
  [Symbol.dispose](): void;
};

/** A server's own folder for uploads; one that was not used for so long is of a dead server. */
const UPLOADS_KEPT_MS = 24 * 3600_000;
/** So long a start may take before the next server's. */
const START_MS = 60_000;

/** In a data folder into which a backup is being restored. */
export const RESTORING = "restoring.json";

/** Throws ImportUnfinished for a data folder of which a restore has made only a part. */
export function checkRestored(path: string): void {
  if (!existsSync(join(path, RESTORING))) return;
  throw new MalachiteError(
    "ImportUnfinished",
    `The restore of a backup into '${path}' was begun and not finished, so a part of the service is missing. Finish it with the same command (malachite restore), or remove the folder.`,
  );
}

/**
 * Makes the folder if it is new and locks it. `shared`: by the name of this server, together with others that share it. The lock is the kernel's own, on an open file: it ends with the process however
 * that dies. Throws Busy naming the server that has it; ImportUnfinished as checkRestored, unless it is the restore that asks.
 */
export function openDataFolder(
  path: string,
  { shared, restoring = false }: { readonly shared?: string; readonly restoring?: boolean } = {},
): DataFolder {
  if (!restoring) checkRestored(path);
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
  const lock = lockFile(join(path, "lock"), path, note, shared !== undefined);
  const start = shared === undefined ? undefined : startLock(join(path, "lock.start"), path);
  const folders = {
    records: join(path, "records.sqlite"),
    runs: join(path, "runs"),
    containers: join(path, "containers"),
    away: join(path, "away"),
    ssh: join(path, "ssh"),
    slurm: join(path, "slurm"),
    blobs: join(path, "blobs"),
    incoming: shared === undefined ? join(path, "incoming") : join(path, "incoming", shared),
    environments: join(path, "environments"),
    runData: join(path, "data"),
    audit: join(path, "audit"),
    tls: join(path, "tls"),
  };
  for (const folder of [folders.runs, folders.containers, folders.blobs, folders.tls])
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  // Uploads that a dead server did not finish belong to nobody.
  if (shared === undefined) rmSync(folders.incoming, { recursive: true, force: true });
  else removeOlder(join(path, "incoming"), Date.now() - UPLOADS_KEPT_MS);
  mkdirSync(folders.incoming, { recursive: true, mode: 0o700 });
  return {
    path,
    name: shared ?? "",
    ...folders,
    secret: Buffer.from(
      keep(join(path, "secret"), () => randomBytes(32).toString("hex")),
      "hex",
    ),
    id: keep(join(path, "id"), randomUUID),
    begun: () => start?.close(),
    announce: (told) => {
      const text = `${JSON.stringify(told)}\n`;
      if (shared !== undefined) {
        mkdirSync(join(path, "servers"), { recursive: true, mode: 0o700 });
        replace(join(path, "servers", `${shared}.json`), text);
      }
      replace(note, text, shared);
    },
    [Symbol.dispose]: () => {
      if (shared === undefined) rmSync(note, { force: true });
      else leave(path, note, shared);
      if (start?.isOpen) start.close();
      lock.close();
    },
  };
}

/** The note that people and the CLI look for is that of another server then, if there is one. */
function leave(path: string, note: string, name: string): void {
  const notes = join(path, "servers");
  const own = join(notes, `${name}.json`);
  const text = existsSync(own) ? readFileSync(own, "utf8") : undefined;
  rmSync(own, { force: true });
  rmSync(join(path, "incoming", name), { recursive: true, force: true });
  if (text === undefined || !existsSync(note) || readFileSync(note, "utf8") !== text) return;
  const others = existsSync(notes) ? readdirSync(notes).map((file) => join(notes, file)) : [];
  const newest = others
    .map((file) => ({ file, at: statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .sort((a, b) => b.at - a.at)[0];
  if (newest === undefined || newest.at === 0) rmSync(note, { force: true });
  else replace(note, readFileSync(newest.file, "utf8"), name);
}

function removeOlder(folder: string, before: number): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    const at = statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs;
    if (at !== undefined && at < before) rmSync(join(folder, name), { recursive: true, force: true });
  }
}

/** Servers that start on a new folder at the same time make its keys one after the other. */
function startLock(file: string, folder: string): DatabaseSync {
  const lock = new DatabaseSync(file, { timeout: START_MS });
  try {
    lock.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
    return lock;
  } catch (cause) {
    lock.close();
    throw new MalachiteError("Busy", `Another server on '${folder}' has been starting for a minute.`, {
      cause,
    });
  }
}

function lockFile(file: string, folder: string, note: string, shared: boolean): DatabaseSync {
  const lock = new DatabaseSync(file, { timeout: 0 });
  try {
    // One that reads keeps out who wants it alone, and no other that reads.
    const how = shared ? "BEGIN; SELECT count(*) FROM sqlite_schema" : "BEGIN EXCLUSIVE";
    lock.exec(`PRAGMA journal_mode = MEMORY; ${how}`);
    return lock;
  } catch (cause) {
    lock.close();
    throw new MalachiteError(
      "Busy",
      `${holder(note)} uses the data folder '${folder}'. Stop it, or give another folder with --data. Several servers share one only where all have the same --database.`,
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
function replace(file: string, content: string, by = ""): void {
  const made = `${file}.new${by}`;
  writeFileSync(made, content, { mode: 0o600, flush: true });
  renameSync(made, file);
}
