// What runs use of their machine, as a series: under MLflow's names for MLflow, and out of the way of what users log.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ADA, SCOPE, ScriptedService } from "./scriptedService.ts";

/** Half of two CPUs, and 1 GB of 4. */
const USES = {
  runForMs: 95_000,
  usage: (ranMs: number) => ({ cpus: 2, cpuMs: ranMs, memoryBytes: 1e9, memoryLimitBytes: 4e9 }),
} as const;
const CPU = "system/cpu_utilization_percentage";
const NAMES = [CPU, "system/system_memory_usage_megabytes", "system/system_memory_usage_percentage"];

describe("what a run uses", () => {
  it("is a series that MLflow finds, and that nobody is given who asks for the run's metrics", async () => {
    await using service = await ScriptedService.start(() => USES);
    const { id } = await service.submit("a.py");
    const address = { scope: SCOPE, runId: id };
    await service.reached(id, "Completed");
    assert.deepEqual((await service.flow.metrics.list(address, { limit: 10 })).values, []);
    assert.deepEqual((await service.flow.metrics.latest(SCOPE, [id])).get(id), undefined);
    const own = await service.flow.metrics.list(address, { namespace: "system", limit: 10 });
    assert.deepEqual(
      own.values.map((metric) => metric.name),
      NAMES,
    );
    const { values } = await service.flow.tracking.history(SCOPE, id, CPU, { limit: 100 });
    assert.ok(values.length >= 7 && values.length <= 10, `${values.length} looks`);
    assert.ok(values.every(({ value }) => value === 50));
    const gaps = values.slice(1).map(({ step }, i) => step - (values[i]?.step ?? 0));
    assert.ok(
      gaps.every((gap) => gap === 10 || gap === 11),
      gaps.join(),
    );
    const run = await service.flow.tracking.run(SCOPE, id);
    assert.deepEqual(
      run.metrics.map(({ name, value }) => [name, value]),
      [
        [NAMES[0], 50],
        [NAMES[1], 1000],
        [NAMES[2], 25],
      ],
    );
    const [sampled] = await service.flow.tracking.sampleHistories(SCOPE, [id], CPU, { count: 3 });
    assert.ok((sampled?.points.length ?? 0) >= 2);
  });

  it("gives way to what mlflow itself has measured in the run", async () => {
    await using service = await ScriptedService.start(() => USES);
    const { id } = await service.submit("a.py");
    await service.reached(id, "Running");
    await service.flow.tracking.log(SCOPE, id, { metrics: [{ name: CPU, value: 1, step: 0 }] }, ADA);
    await service.reached(id, "Completed");
    const { values } = await service.flow.tracking.history(SCOPE, id, CPU, { limit: 100 });
    assert.deepEqual(
      values.map(({ value }) => value),
      [1],
    );
    const run = await service.flow.tracking.run(SCOPE, id);
    assert.deepEqual(
      run.metrics.filter(({ name }) => name === CPU).map(({ value }) => value),
      [1],
    );
    assert.equal(run.metrics.length, 3);
  });

  it("is not looked at where nothing is to be collected, and its engine may fail without harm", async () => {
    await using service = await ScriptedService.start(() => USES);
    const { id } = await service.submit("a.py", { history: { outputCollection: false } });
    await service.reached(id, "Running");
    service.engine.unreachableFor(20_000);
    const run = await service.reached(id, "Completed");
    assert.equal(run.life.attempt, 1);
    assert.equal(service.engine.calls.filter((call) => call.startsWith("usage")).length, 0);
    const own = await service.flow.metrics.list(
      { scope: SCOPE, runId: id },
      { namespace: "system", limit: 10 },
    );
    assert.deepEqual(own.values, []);
  });

  it("goes on after a restart of the service", async () => {
    await using service = await ScriptedService.start(() => USES);
    const { id } = await service.submit("a.py");
    await service.reached(id, "Running");
    await service.clock.advance(35_000);
    await service.restart();
    await service.reached(id, "Completed");
    const { values } = await service.flow.tracking.history(SCOPE, id, CPU, { limit: 100 });
    assert.ok(values.length >= 5, `${values.length} looks`);
    assert.ok(values.every(({ value }) => value === 50));
  });
});
