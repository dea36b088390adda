import assert from "node:assert/strict";
import { test } from "node:test";
import type { LaunchKey } from "../domain/launch/launchPlan.ts";
import type { Run } from "../domain/run/run.ts";
import { Watched } from "./watched.ts";

const runOf = (key: string, limit?: number, startedAt?: number): Run =>
  ({
    definition: { configuration: { maxRunDurationSeconds: limit } },
    life: { status: "Running", attempt: 1, startedAt, handle: { key, kind: "k", version: 1, state: "" } },
  }) as unknown as Run;

const keys = (...names: string[]) => names as unknown as LaunchKey[];

const keptOf = (key: string) => ({ run: runOf(key), watched: false });

test("only the runs that are named are due, each once, and all when all are asked for", () => {
  const watched = new Watched();
  const [a, b] = [keptOf("a"), keptOf("b")];
  watched.add(a, a.run);
  watched.add(b, b.run);
  assert.deepEqual(watched.due(0, keys("b", "b", "unknown"), false), [b]);
  assert.deepEqual(watched.due(0, [], false), []);
  assert.deepEqual(watched.due(0, [], true), [a, b]);
});

test("a run is due once its time is over, known from its newest record", () => {
  const watched = new Watched();
  const [a, b] = [keptOf("a"), keptOf("b")];
  watched.add(a, runOf("a", 10));
  watched.add(b, runOf("b", 60, 1000));
  assert.equal(watched.soonest, 61_000);
  watched.add(a, runOf("a", 10, 2000));
  assert.equal(watched.soonest, 12_000);
  assert.deepEqual(watched.due(11_999, [], false), []);
  assert.deepEqual(watched.due(12_000, [], false), [a]);
  // It stays due until somebody has ended it.
  assert.deepEqual(watched.due(12_200, [], false), [a]);
  watched.remove(a);
  assert.deepEqual(watched.due(12_400, [], false), []);
  assert.equal(watched.soonest, 61_000);
});

test("a run that is launched again is found by its new launch key only", () => {
  const watched = new Watched();
  const a = keptOf("a1");
  watched.add(a, a.run);
  watched.add(a, runOf("a2"));
  assert.deepEqual(watched.due(0, keys("a1"), false), []);
  assert.deepEqual(watched.due(0, keys("a2"), false), [a]);
  assert.equal(a.watched, true);
  watched.remove(a);
  assert.equal(a.watched, false);
  assert.deepEqual(watched.due(0, [], true), []);
});
