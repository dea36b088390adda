// `npm run bench [NAME…]`: every figure of docs/performance.md, one JSON line each.
import { availableParallelism, cpus, loadavg } from "node:os";
import { ingest } from "./ingest.ts";
import { memory } from "./memory.ts";
import { records } from "./records.ts";
import { resubmit } from "./resubmit.ts";
import { startLatency } from "./startLatency.ts";
import { throughput } from "./throughput.ts";

const BENCHES = { startLatency, throughput, ingest, resubmit, records, memory };
type Name = keyof typeof BENCHES;

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in BENCHES));
if (unknown.length > 0) {
  process.stderr.write(
    `There is no benchmark ${unknown.join(", ")}. There are: ${Object.keys(BENCHES).join(", ")}.\n`,
  );
  process.exit(2);
}
process.stdout.write(
  `${JSON.stringify({ machine: cpus()[0]?.model, cores: availableParallelism(), load: loadavg()[0], node: process.version })}\n`,
);
for (const name of (asked.length > 0 ? asked : Object.keys(BENCHES)) as Name[]) await BENCHES[name]();
