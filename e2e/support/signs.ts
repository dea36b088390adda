// The signs that a test and the scripts of its runs give each other. Each test has its own: a sign that another has left would let a
// run go on before its test has done anything.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder with a file for each sign that was given. */
export class Signs implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "malachite-signs-"));
  give(name: string): void {
    writeFileSync(join(this.folder, name), "");
  }
  has(name: string): boolean {
    return existsSync(join(this.folder, name));
  }
  text(name: string): string {
    return readFileSync(join(this.folder, name), "utf8");
  }
  /** A line of Python that waits for it. The script imports os and time. */
  waitsFor(name: string): string {
    return `while not os.path.exists(${JSON.stringify(join(this.folder, name))}): time.sleep(0.05)`;
  }
  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
