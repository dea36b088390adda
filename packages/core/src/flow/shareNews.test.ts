// Two servers' news as one: over a wire that a test holds.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Run } from "../domain/run/run.ts";
import type { NewsWire } from "../ports/newsWire.ts";
import type { Happened } from "./liveNews.ts";
import { RunNews } from "./runNews.ts";
import { shareNews, WIRE_BYTES } from "./shareNews.ts";

const scope = { subscriptionId: "s", resourceGroup: "rg", workspace: "ws" };
const runOf = (id: string, version: number) => ({ scope, id, version }) as Run;

/** Every text reaches all who listen, the sender too, as NOTIFY does. */
function createWire() {
  const hearers = new Set<{ hear: (text: string) => void; missed: () => void }>();
  const sent: string[] = [];
  const wire: NewsWire = {
    send(text) {
      sent.push(text);
      for (const { hear } of hearers) hear(text);
    },
    listen(hear, missed) {
      const hearer = { hear, missed };
      hearers.add(hearer);
      return () => hearers.delete(hearer);
    },
  };
  const gap = (): void => {
    for (const { missed } of hearers) missed();
  };
  return { wire, sent, gap };
}

function createServer(owner: string, wire: NewsWire, records: Map<string, Run>) {
  const news = new RunNews();
  let reads = 0;
  const shared = shareNews(
    {
      news,
      runs: {
        get: async (_: unknown, id: string) => {
          reads += 1;
          return records.get(id);
        },
      } as never,
      clock: {
        now: () => 0,
        monotonic: () => 0,
        sleep: (ms, signal) =>
          new Promise((resolve) => {
            if (ms < 1000) setImmediate(resolve);
            signal?.addEventListener("abort", () => resolve());
          }),
      },
      log: { info() {}, warn() {}, error() {} },
      settings: { owner },
    },
    wire,
  );
  return { news, shared, reads: () => reads };
}

const settled = async () => {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
};

describe("news of several servers", () => {
  const records = new Map<string, Run>();

  it("come to those who listen elsewhere, read anew, and are not echoed", async () => {
    const { wire, sent } = createWire();
    using a = createServer("a", wire, records).shared;
    const one = createServer("one", wire, records);
    const two = createServer("two", wire, records);
    const heard: number[] = [];
    let own = 0;
    one.news.onChange(runOf("r", 0), () => (own += 1));
    two.news.onChange(runOf("r", 0), ({ version }) => heard.push(version));
    let moved = 0;
    two.news.onQueueMoved(() => (moved += 1));
    records.set("r", runOf("r", 3));
    for (const version of [1, 2, 3]) one.news.changed(runOf("r", version));
    one.news.changed(runOf("nobody listens", 1));
    one.news.queueMoved();
    await settled();
    assert.deepEqual(heard, [3]);
    assert.deepEqual([own, moved, two.reads(), one.reads()], [3, 1, 1, 0]);
    assert.equal(sent.length, 1, "one message for a few milliseconds' worth");
    one.shared[Symbol.dispose]();
    two.shared[Symbol.dispose]();
    void a;
  });

  it("of live streams come whole, in messages that the wire takes", async () => {
    const { wire, sent } = createWire();
    const one = createServer("one", wire, records);
    const two = createServer("two", wire, records);
    const heard: Happened[] = [];
    two.news.live.listen((what) => heard.push(what));
    for (let i = 0; i < 500; i++) one.news.live.measured(scope, `run-${i}`, () => ["loss", "acc"]);
    one.news.live.measured(scope, "many", () => Array.from({ length: 1000 }, (_, i) => `metric ${i}`));
    await settled();
    assert.equal(heard.length, 501);
    assert.deepEqual(heard.at(-1), { kind: "metrics", workspace: "s/rg/ws", runId: "many", names: [] });
    assert.ok(sent.length > 1 && sent.every((text) => Buffer.byteLength(text) <= WIRE_BYTES));
    one.shared[Symbol.dispose]();
    two.shared[Symbol.dispose]();
  });

  it("that may have been missed are made up for", async () => {
    const { wire, gap } = createWire();
    const two = createServer("two", wire, records);
    const heard: (number | string)[] = [];
    two.news.onChange(runOf("r", 0), ({ version }) => heard.push(version));
    two.news.live.listen(({ kind }) => heard.push(kind));
    two.news.onQueueMoved(() => heard.push("moved"));
    gap();
    await settled();
    assert.deepEqual(heard, ["moved", "run", "queue", 3]);
    two.shared[Symbol.dispose]();
  });
});
