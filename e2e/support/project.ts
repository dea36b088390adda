// A project and its definition as files on disk, for clients that send files. One folder, removed by whoever made it.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { definitionOf, zipOf } from "./runs.ts";

export type Scratch = Disposable & {
  readonly folder: string;
  /** Writes a file and answers its path. */
  write(name: string, content: string | Uint8Array): string;
  /** Writes a zip of the files and answers its path. */
  zip(name: string, files: Readonly<Record<string, string>>): string;
  /** Writes a definition and answers its path. */
  definition(name: string, configuration?: Record<string, unknown>, more?: Record<string, unknown>): string;
};

export function scratch(): Scratch {
  const folder = mkdtempSync(join(tmpdir(), "malachite-files-"));
  const write = (name: string, content: string | Uint8Array): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  return {
    folder,
    write,
    zip: (name, files) => write(name, zipOf(files)),
    definition: (name, configuration = {}, more = {}) =>
      write(name, JSON.stringify(definitionOf(more, configuration))),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
