// The audit log as files of JSON lines in the data folder: `audit-NUMBER.jsonl`, named by the first entry in it. Lines are only ever
// added; when a file is full another is begun, and the oldest go once all together are larger than they may be.
import { type FileHandle, mkdir, open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { type AuditEntry, type AuditedAct, type AuditLog, MalachiteError } from "@malachite/core";
import { chained, FIRST, fits, parseEntry } from "./entries.ts";
import { parsePlace, printPlace, readBack } from "./readBack.ts";
import { WritersTurn } from "./writersTurn.ts";

export type AuditLogSettings = {
  /** Made at the first entry. */
  readonly folder: string;
  /** How much all files together may hold. */
  readonly limitBytes: number;
  /** Where other servers write into the folder too: the file by which they take turns, so that all entries are one chain. */
  readonly turns?: string;
  /** 64 MiB unless told. */
  readonly fileBytes?: number;
};

/** How much one question looks at: a rare answer among many entries comes in several pages. */
const MOST_READ_BYTES = 4 * 1024 * 1024;

type Current = { handle: FileHandle; name: string; size: number; no: number; hash: string };
type Waiting = {
  readonly act: AuditedAct;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
};

/** Opens nothing before the first entry or question. */
export function createAuditLog(settings: AuditLogSettings): AuditLog & AsyncDisposable {
  const { folder, limitBytes, turns, fileBytes = 64 * 1024 * 1024 } = settings;
  const turn = turns === undefined ? undefined : new WritersTurn(turns);
  let current: Current | undefined;
  let waiting: Waiting[] = [];
  let writing: Promise<void> | undefined;

  async function opened(): Promise<Current> {
    if (current) return current;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const name = (await fileNames(folder)).at(-1) ?? fileName(1);
    const handle = await open(join(folder, name), "a+", 0o600);
    try {
      const last = await lastEntry(folder, name);
      if (last.cut) await handle.truncate(last.end);
      const before = last.entry ?? (await entryBefore(folder, name));
      const no = before?.no ?? 0;
      current = { handle, name, size: last.end, no, hash: before?.hash ?? FIRST };
      return current;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async function write(): Promise<void> {
    for (let some = waiting; some.length > 0; some = waiting) {
      waiting = [];
      try {
        using _turn = await turn?.take();
        const file = await roomy(await opened());
        let { no, hash } = file;
        let text = "";
        for (const { act } of some) {
          const entry = chained(act, no + 1, hash);
          ({ no, hash } = entry);
          text += `${JSON.stringify(entry)}\n`;
        }
        const bytes = Buffer.from(text);
        await file.handle.appendFile(bytes);
        Object.assign(file, { no, hash, size: file.size + bytes.length });
        // Another server goes on after these; what it adds is read before the next.
        if (turn !== undefined) {
          current = undefined;
          await file.handle.close();
        }
        for (const { done } of some) done();
      } catch (cause) {
        // What has been written of them is cut off when the file is opened anew.
        await close().catch(() => {});
        const text = `The audit log in '${folder}' cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`;
        for (const { failed } of some) failed(new MalachiteError("StorageFailed", text, { cause }));
      }
    }
    // In the same turn in which nothing was found waiting: whoever comes next begins anew.
    writing = undefined;
  }

  async function roomy(file: Current): Promise<Current> {
    if (file.size < fileBytes) return file;
    await file.handle.sync();
    const name = fileName(file.no + 1);
    const handle = await open(join(folder, name), "a", 0o600);
    await file.handle.close();
    current = { ...file, handle, name, size: 0 };
    await removeOldest(folder, limitBytes - fileBytes);
    return current;
  }

  async function close(): Promise<void> {
    const was = current;
    current = undefined;
    await was?.handle.sync().finally(() => was.handle.close());
  }

  return {
    add(act) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      waiting.push({ act, done: resolve, failed: reject });
      writing ??= write();
      return promise;
    },
    async read(ask) {
      const names = await fileNames(folder);
      const from = parsePlace(ask.after);
      const values: AuditEntry[] = [];
      let read = 0;
      for (const name of names.toReversed()) {
        if (from !== undefined && name > from.name) continue;
        const end = from?.name === name ? from.offset : undefined;
        for await (const { line, offset } of readBack(join(folder, name), end)) {
          const entry = parseEntry(line);
          read += line.length + 1;
          if (entry && ask.since !== undefined && entry.at < ask.since) return { values };
          if (entry && fits(entry, ask)) values.push(entry);
          if (values.length >= ask.limit || read >= MOST_READ_BYTES)
            return { values, next: printPlace({ name, offset }) };
        }
      }
      return { values };
    },
    async [Symbol.asyncDispose]() {
      await writing;
      await close();
      turn?.[Symbol.dispose]();
    },
  };
}

const fileName = (first: number): string => `audit-${String(first).padStart(12, "0")}.jsonl`;

/** In order of their entries. */
async function fileNames(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  return names.filter((name) => /^audit-\d{12}\.jsonl$/.test(name)).sort();
}

/** The last whole entry of a file, where it ends, and whether something half written follows it. */
async function lastEntry(folder: string, name: string) {
  const file = join(folder, name);
  const { size } = await stat(file);
  for await (const { line, offset, ended } of readBack(file, undefined)) {
    const entry = ended ? parseEntry(line) : undefined;
    if (entry === undefined) continue;
    const end = offset + Buffer.byteLength(line) + 1;
    return { entry, end, cut: end !== size };
  }
  return { entry: undefined, end: 0, cut: size > 0 };
}

/** For a file that was begun and never written to. */
async function entryBefore(folder: string, name: string): Promise<AuditEntry | undefined> {
  const earlier = (await fileNames(folder)).filter((one) => one < name).at(-1);
  return earlier === undefined ? undefined : (await lastEntry(folder, earlier)).entry;
}

async function removeOldest(folder: string, mostBytes: number): Promise<void> {
  const names = await fileNames(folder);
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
  let total = sizes.reduce((sum, size) => sum + size, 0);
  for (const [i, name] of names.slice(0, -1).entries()) {
    if (total <= mostBytes) return;
    await rm(join(folder, name));
    total -= sizes[i] ?? 0;
  }
}
