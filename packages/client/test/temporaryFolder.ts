// A folder for one test, gone with it.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export type TemporaryFolder = Disposable & {
  readonly path: string;
  /** Writes a file, with its folders, and gives its path. */
  write(path: string, content?: string | Uint8Array): string;
};

export function temporaryFolder(): TemporaryFolder {
  const path = realpathSync(mkdtempSync(join(tmpdir(), "malachite-client-")));
  return {
    path,
    write(name, content = name) {
      const file = join(path, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
      return file;
    },
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}
