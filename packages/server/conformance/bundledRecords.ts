// The threads of the SQLite records as one file that holds all they need, as the published package has it. From source each thread that is
// started loads a thousand modules, half a second of a processor: suites that open many stores would do little else.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { rolldown } from "rolldown";
import { ENTRIES } from "../src/entries.ts";

async function bundle(): Promise<URL> {
  const dir = mkdtempSync(join(tmpdir(), "malachite-records-thread-"));
  process.once("exit", () => rmSync(dir, { recursive: true, force: true }));
  await using build = await rolldown({
    input: fileURLToPath(ENTRIES.records),
    platform: "node",
    resolve: { conditionNames: ["malachite-src", "node", "import", "default"] },
  });
  const { output } = await build.write({ dir, format: "esm" });
  return pathToFileURL(join(dir, output[0].fileName));
}

/** Their program, for `openSqliteRecords`. Made when this is imported, and gone with the process. */
export const BUNDLED_RECORDS: URL = await bundle();
