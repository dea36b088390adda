// The threads of the records and the folder stores as files that hold all they need, as the published package has them. From source
// each thread that is started loads a thousand modules, half a second of a processor: suites that open many stores would do little else.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { rolldown } from "rolldown";
import { ENTRIES } from "../src/entries.ts";

const NAMES = ["records", "postgres", "logs", "blobs"] as const;
type Threads = Readonly<Record<(typeof NAMES)[number], URL>>;

async function bundle(): Promise<Threads> {
  const dir = mkdtempSync(join(tmpdir(), "malachite-threads-"));
  process.once("exit", () => rmSync(dir, { recursive: true, force: true }));
  await using build = await rolldown({
    input: Object.fromEntries(NAMES.map((name) => [name, fileURLToPath(ENTRIES[name])])),
    platform: "node",
    // It puts classes of its own together at run time, which one file breaks.
    plugins: [
      {
        name: "pg",
        resolveId: (id) => (id === "pg" ? { id: import.meta.resolve(id), external: true } : null),
      },
    ],
    resolve: { conditionNames: ["malachite-src", "node", "import", "default"] },
  });
  await build.write({ dir, format: "esm", entryFileNames: "[name].js" });
  return Object.fromEntries(NAMES.map((name) => [name, pathToFileURL(join(dir, `${name}.js`))])) as Threads;
}

/** Their programs, for the option `entry` of what starts them. Made when this is imported, and gone with the process. */
export const BUNDLED_THREADS: Threads = await bundle();
