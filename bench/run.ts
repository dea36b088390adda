// `npm run bench [NAME…]`: every figure of docs/performance.md, one JSON line each.
import { availableParallelism, cpus, loadavg } from "node:os";

const BENCHES = {
  startLatency: async () => (await import("./startLatency.ts")).startLatency(),
  throughput: async () => (await import("./throughput.ts")).throughput(),
  ingest: async () => (await import("./ingest.ts")).ingest(),
  resubmit: async () => (await import("./resubmit.ts")).resubmit(),
  records: async () => (await import("./records.ts")).records(),
  metrics: async () => (await import("./metrics.ts")).metrics(),
  memory: async () => (await import("./memory.ts")).memory(),
  mlflow: async () => (await import("./mlflow.ts")).mlflow(),
};
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
