// A site in simulation: how many runs it takes to find a fault, and how fast. `npm run bench -- simulation RUNS SEED`.
import { simulate } from "../packages/server/conformance/simulation/simulate.ts";
import { print } from "./figures.ts";

const RUNS = 100_000;
const NODES = 10_000;
/**
 * Of the nodes; what a run takes of them beyond its own time (each step, the faults, what is tried again) is as much again. So the site is
 * busy and its line moves: one that only ever grows says nothing of a year. Ten million runs of this length are a year of it.
 */
const LOAD = 0.45;
const MEAN_MS = 2250;
/** A second of the simulated services stands for so many of the site: what takes them a tenth of a second still does. */
const COMPRESSED = 300;

/** Prints what came of it; exit code 1 where something was lost, doubled or left behind. */
export async function simulation([runs = String(RUNS), seed = "1"]: readonly string[]): Promise<void> {
  const began = performance.now();
  let told = began;
  const report = await simulate({
    seed: Number(seed),
    runs: Number(runs),
    nodes: NODES,
    load: LOAD,
    meanMs: MEAN_MS,
    progress: (ended, simulatedMs, faultsSoFar, unfinished) => {
      if (performance.now() - told < 60_000) return;
      told = performance.now();
      process.stderr.write(
        `${ended} runs, ${Math.round((simulatedMs * COMPRESSED) / 86_400_000)} days, ${unfinished()} under way or waiting, ${faultsSoFar} faults\n`,
      );
    },
  });
  const { faults, ...rest } = report;
  const seconds = (performance.now() - began) / 1000;
  print({
    figure: "simulated runs",
    value: rest.runs / seconds,
    unit: "runs/s",
    seed: Number(seed),
    ...rest,
    days: Math.round((rest.simulatedMs * COMPRESSED) / 86_400_000),
    seconds: Math.round(seconds),
    residentMB: Math.round(process.memoryUsage().rss / 1e6),
    faults: faults.length,
    first: faults.slice(0, 3),
  });
  if (faults.length > 0) process.exitCode = 1;
}
