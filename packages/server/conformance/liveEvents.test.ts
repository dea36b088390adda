// The live stream of a workspace: what comes as one, what is taken up again, and what a reader that does not read costs.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  createFlow,
  type EventKind,
  type Flow,
  type FlowPorts,
  type LiveEvent,
  type Run,
  type RunChange,
  RunNews,
  tellNews,
} from "@malachite/core";
import { systemClock } from "../src/adapters/system/clock.ts";
import { SCOPE } from "./scriptedService.ts";

const ALL = new Set<EventKind>(["run", "metrics", "files", "queue"]);
const OTHER = { ...SCOPE, workspace: "another" };

/** Records in memory that change as the test says, and streams over them. */
class Workspace implements AsyncDisposable {
  readonly #runs = new Map<string, RunChange>();
  #no = 0;
  reads = 0;
  readonly #stop = new AbortController();
  readonly ports: FlowPorts;
  readonly flow: Flow;

  constructor() {
    const given = {
      runs: {
        describe: async (_scope: unknown, id: string) => this.#change(id),
        getMany: async () => [],
      },
      tables: {
        newestChange: async () => this.#no,
        changesAfter: async (_scope: unknown, no: number, limit: number, most: number) => {
          this.reads += 1;
          const after = [...this.#runs.values()].filter((one) => one.no > no).sort((a, b) => a.no - b.no);
          return {
            changes: after.slice(0, limit),
            more: after.length > limit,
            tooMany: after.length > most,
          };
        },
      },
      metrics: { add: async () => [], remove: async () => {} },
      tracking: {},
      artifacts: { put: async () => ({}) },
      blobs: {},
      clock: systemClock,
      news: new RunNews(),
      settings: { workspaceId: () => "0123456789ab-cdef", namedDatastores: {} },
    } as unknown as FlowPorts;
    this.ports = tellNews(given);
    this.flow = createFlow(this.ports);
  }

  #change(id: string): Run {
    this.#no += 1;
    const run = {
      scope: SCOPE,
      id,
      experimentId: `of ${id}`,
      life: { status: "Running", attempt: this.#no },
    };
    this.#runs.set(id, { no: this.#no, run: run as unknown as Run });
    return run as unknown as Run;
  }

  touch = (id: string) => this.ports.runs.describe(SCOPE, id, {}, 1);
  measure = (id: string, ...names: string[]) =>
    this.ports.metrics.add(
      SCOPE,
      id,
      names.map((name) => ({ name, columns: {}, rows: [] })),
    );

  open(ask: { after?: string; runIds?: string[]; experimentId?: string } = {}): AsyncIterator<LiveEvent> {
    const { runIds, ...rest } = ask;
    const events = this.flow.liveEvents({
      scope: SCOPE,
      kinds: ALL,
      ...rest,
      ...(runIds ? { runIds: new Set(runIds) } : {}),
      signal: this.#stop.signal,
    });
    return events[Symbol.asyncIterator]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
  }
}

const next = async (events: AsyncIterator<LiveEvent>): Promise<LiveEvent> => {
  const step = await events.next();
  assert.ok(!step.done, "the stream ended");
  return step.value;
};
const told = (event: LiveEvent): string =>
  event.kind === "run" ? `${event.shown.run.id} ${event.shown.run.life.attempt}` : event.kind;

describe("the live stream", { timeout: 60_000 }, () => {
  it("tells changes of a run within a moment as one, as it is then", async () => {
    await using workspace = new Workspace();
    const events = workspace.open();
    assert.deepEqual(await next(events), { kind: "hello", place: "0123456789ab.0", resumed: false });
    for (const id of ["a", "a", "b", "a"]) await workspace.touch(id);
    assert.deepEqual([told(await next(events)), told(await next(events))], ["b 3", "a 4"]);
    assert.equal(workspace.reads, 1);
    await workspace.touch("b");
    assert.equal(told(await next(events)), "b 5");
  });

  it("goes on from a place with every run that changed since", async () => {
    await using workspace = new Workspace();
    for (let i = 0; i < 450; i += 1) await workspace.touch(`r${i % 300}`);
    const events = workspace.open({ after: "0123456789ab.10" });
    assert.deepEqual(await next(events), { kind: "hello", place: "0123456789ab.10", resumed: true });
    const seen = new Set<string>();
    let place = "";
    while (seen.size < 300) {
      const event = await next(events);
      assert.ok(event.kind === "run");
      assert.ok(!seen.has(event.shown.run.id), "a run comes once");
      seen.add(event.shown.run.id);
      place = event.place;
    }
    assert.equal(place, "0123456789ab.450");
  });

  it("tells a page to ask for all again where it cannot go on", async () => {
    await using workspace = new Workspace();
    for (let i = 0; i < 2_010; i += 1) await workspace.touch(`r${i}`);
    for (const after of ["0123456789ab.9999", "ffffffffffff.3", "nonsense"]) {
      const events = workspace.open({ after });
      assert.deepEqual(await next(events), { kind: "hello", place: "0123456789ab.2010", resumed: false });
      assert.deepEqual(await next(events), {
        kind: "reset",
        reason: "unknownPlace",
        place: "0123456789ab.2010",
      });
    }
    const events = workspace.open({ after: "0123456789ab.5" });
    assert.equal((await next(events)).kind, "hello");
    assert.deepEqual(await next(events), {
      kind: "reset",
      reason: "tooFarBehind",
      place: "0123456789ab.2010",
    });
    await workspace.touch("r1");
    assert.equal(told(await next(events)), "r1 2011");
  });

  it("holds little for a reader that does not read, and says so", async () => {
    await using workspace = new Workspace();
    const events = workspace.open();
    await next(events);
    for (let i = 0; i < 3_000; i += 1) await workspace.measure(`r${i}`, "loss");
    assert.equal((await next(events)).kind, "reset");
  });

  it("names a few metrics of each run, and of many none", async () => {
    await using workspace = new Workspace();
    const events = workspace.open();
    await next(events);
    await workspace.measure("a", "loss", "accuracy");
    await workspace.measure("a", "loss");
    await workspace.measure("b", ...Array.from({ length: 30 }, (_, i) => `m${i}`));
    assert.deepEqual(await next(events), { kind: "metrics", runId: "a", names: ["accuracy", "loss"] });
    assert.deepEqual(await next(events), { kind: "metrics", runId: "b" });
  });

  it("tells of the runs that are asked for, and of no other workspace", async () => {
    await using workspace = new Workspace();
    const events = workspace.open({ runIds: ["b"] });
    await next(events);
    workspace.ports.news.live.measured(OTHER, "b", () => ["x"]);
    await workspace.measure("a", "x");
    await workspace.touch("a");
    await workspace.touch("b");
    await workspace.ports.artifacts.put(SCOPE, "dcid.a", "f", { takeFile: "" }, { overwrite: true });
    await workspace.ports.artifacts.put(SCOPE, "dcid.b", "f", { takeFile: "" }, { overwrite: true });
    assert.equal(told(await next(events)), "b 2");
    assert.deepEqual(await next(events), { kind: "files", runId: "b" });
    workspace.ports.news.live.lineMoved({ pool: "p", target: "gpu" });
    workspace.ports.news.live.lineMoved({ target: "elsewhere" });
    assert.deepEqual(await next(events), { kind: "queue", targets: ["gpu"] });
    const one = workspace.open({ experimentId: "of a" });
    await next(one);
    await workspace.touch("b");
    await workspace.touch("a");
    assert.equal(told(await next(one)), "a 4");
  });
});
