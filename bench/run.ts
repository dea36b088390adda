// `npm run bench [NAME…]`: every figure of docs/performance.md, one JSON line each. Behind `engines`, `mlflow`, `moving`,
// `retention`, `scale`, `simulation`, `sweep` and `web` may follow which of their figures, or of which size.
import { availableParallelism, cpus, loadavg } from "node:os";

const BENCHES = {
  startLatency: async () => (await import("./startLatency.ts")).startLatency(),
  throughput: async () => (await import("./throughput.ts")).throughput(),
  ingest: async () => (await import("./ingest.ts")).ingest(),
  resubmit: async () => (await import("./resubmit.ts")).resubmit(),
  blobs: async () => (await import("./blobs.ts")).blobs(),
  records: async () => (await import("./records.ts")).records(),
  postgres: async () => (await import("./postgres.ts")).postgres(),
  moving: async (sizes: readonly string[]) => (await import("./moving.ts")).moving(sizes),
  retention: async (sizes: readonly string[]) => (await import("./retention.ts")).retention(sizes),
  sweep: async (sizes: readonly string[]) => (await import("./sweep.ts")).sweep(sizes),
  metrics: async () => (await import("./metrics.ts")).metrics(),
  memory: async () => (await import("./memory.ts")).memory(),
  scale: async (sizes: readonly string[]) => (await import("./scale.ts")).scale(sizes),
  servers: async () => (await import("./servers.ts")).servers(),
  engines: async (names: readonly string[]) => (await import("./engines.ts")).engines(names),
  simulation: async (figures: readonly string[]) => (await import("./simulation.ts")).simulation(figures),
  mlflow: async (figures: readonly string[]) => (await import("./mlflow.ts")).mlflow(figures),
  web: async (figures: readonly string[]) => (await import("./web.ts")).web(figures),
};
type Name = keyof typeof BENCHES;
const isName = (word: string): word is Name => Object.hasOwn(BENCHES, word);

const asked: Name[] = [];
const figures = {
  engines: [] as string[],
  mlflow: [] as string[],
  moving: [] as string[],
  retention: [] as string[],
  scale: [] as string[],
  simulation: [] as string[],
  sweep: [] as string[],
  web: [] as string[],
};
const hasFigures = (name: Name | undefined): name is keyof typeof figures =>
  name !== undefined && Object.hasOwn(figures, name);
const unknown: string[] = [];
for (const word of process.argv.slice(2)) {
  const last = asked.at(-1);
  if (isName(word)) asked.push(word);
  else if (hasFigures(last)) figures[last].push(word);
  else unknown.push(word);
}
if (unknown.length > 0) {
  process.stderr.write(
    `There is no benchmark ${unknown.join(", ")}. There are: ${Object.keys(BENCHES).join(", ")}.\n`,
  );
  process.exit(2);
}
process.stdout.write(
  `${JSON.stringify({ machine: cpus()[0]?.model, cores: availableParallelism(), load: loadavg()[0], node: process.version })}\n`,
);
for (const name of asked.length > 0 ? asked : Object.keys(BENCHES).filter(isName))
  await BENCHES[name](hasFigures(name) ? figures[name] : []);
