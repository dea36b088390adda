// From the request to the first line of user code on each engine, and many runs at once, against the engine's own command for the same
// script in the same engine. `npm run bench -- engines [NAME…]`; what cannot be started here is said and left out.
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { definitionOf, ended, submit } from "../e2e/support/runs.ts";
import { Service } from "../e2e/support/service.ts";
import { ENGINES, type EngineUnderBench } from "./engineCommands.ts";
import { inTurn, median, print, quantile } from "./figures.ts";
import { firstLine, SCRIPT } from "./firstLine.ts";

const AT_ONCE = 10;
const ROUNDS_AT_ONCE = 9;
/** So long an engine may still be busy with the job before. */
const REST_MS = 1500;
/** An engine that looks for jobs once a second would else meet one of the two always just before it looks. */
const OUT_OF_STEP_MS = 1000;

export async function engines(names: readonly string[], rounds = 15): Promise<void> {
  for (const [name, engine] of Object.entries(ENGINES)) {
    if (names.length > 0 && !names.includes(name)) continue;
    const missing = engine.missing();
    if (missing !== undefined) process.stderr.write(`${name}: ${missing}.\n`);
    else await measure(name, engine.start, rounds);
  }
}

async function measure(
  name: string,
  start: (folder: string) => Promise<EngineUnderBench>,
  rounds: number,
): Promise<void> {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), "malachite-bench-"));
  try {
    writeFileSync(join(folder, "main.py"), SCRIPT);
    await using engine = await start(folder);
    const settings = join(folder, "settings.yaml");
    writeFileSync(settings, JSON.stringify({ target: { lab: engine.target } }));
    await using service = await Service.start({ flags: ["--settings", settings, ...(engine.flags ?? [])] });
    const configuration = { target: "lab", ...engine.configuration };
    const first = await submit(service, { files: { "main.py": SCRIPT }, configuration });
    const { properties, status, error } = await ended(service, first);
    if (status !== "Completed") throw new Error(`The run on ${name} is ${status}: ${JSON.stringify(error)}`);
    const definition = definitionOf({ snapshotId: properties.ContentSnapshotId }, configuration);
    let serial = 0;
    const byService = async () => (await firstLine(service, definition)).line;
    const byHand = () => engine.byHand(serial++);
    const outOfStep = (act: () => Promise<number>) => async () => {
      await pause(REST_MS + Math.random() * OUT_OF_STEP_MS);
      return act();
    };
    const one = await inTurn(rounds, outOfStep(byService), outOfStep(byHand));
    print({
      figure: `submit to first line of user code on ${name}, above its own command`,
      value: median(one.a) - median(one.b),
      unit: "ms",
      against: engine.command,
      ratio: median(one.a) / median(one.b),
      aim: "at most 100 ms and 10 % above",
      p50Ms: median(one.a),
      p95Ms: quantile(one.a, 0.95),
      ownP50Ms: median(one.b),
      ownP95Ms: quantile(one.b, 0.95),
      rounds,
    });
    const last = (act: () => Promise<number>) =>
      outOfStep(async () => Math.max(...(await Promise.all(Array.from({ length: AT_ONCE }, act)))));
    const many = await inTurn(ROUNDS_AT_ONCE, last(byService), last(byHand));
    print({
      figure: `${AT_ONCE} runs on ${name}, submitted at once, to the first line of the last`,
      value: AT_ONCE / (median(many.a) / 1000),
      unit: "runs/s",
      against: engine.command,
      ratio: median(many.b) / median(many.a),
      aim: "ratio at least 0.9",
      ownPerSecond: AT_ONCE / (median(many.b) / 1000),
      rounds: ROUNDS_AT_ONCE,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
