// Whoever waits for a run's metrics waits for those that are still coming, and not for ever.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMetricPosts } from "./metricPosts.ts";

const scope = { subscriptionId: "s", resourceGroup: "rg", workspace: "w" };
const run = { scope, runId: "r" };
const { signal } = new AbortController();

/** A clock that goes on only while somebody sleeps. */
function sleeper() {
  let now = 1_000_000;
  const at: [number, () => void][] = [];
  return {
    now: () => now,
    sleep: async (ms: number) => {
      now += ms;
      for (const [when, act] of at.splice(0))
        if (now >= when) act();
        else at.push([when, act]);
    },
    after: (ms: number, act: () => void) => void at.push([now + ms, act]),
  };
}

describe("metricPosts", () => {
  it("are settled at once where nothing was posted", async () => {
    const clock = sleeper();
    const begun = clock.now();
    await createMetricPosts(clock).settled(run, signal);
    assert.equal(clock.now(), begun);
  });

  it("are settled once a post is kept and no other has followed it", async () => {
    const clock = sleeper();
    const posts = createMetricPosts(clock);
    const { promise, resolve } = Promise.withResolvers<string>();
    const first = posts.during(run, () => promise);
    let second: Promise<string> | undefined;
    clock.after(500, () => resolve("kept"));
    clock.after(700, () => {
      second = posts.during(run, async () => "kept too");
    });
    const begun = clock.now();
    await posts.settled(run, signal);
    assert.equal(await first, "kept");
    assert.equal(await second, "kept too");
    assert.ok(clock.now() - begun >= 1000 && clock.now() - begun < 1200, String(clock.now() - begun));
    await posts.settled({ ...run, runId: "other" }, signal);
  });

  it("of a script that never ceases are waited for ten seconds", async () => {
    const clock = sleeper();
    const posts = createMetricPosts(clock);
    void posts.during(run, () => new Promise(() => {}));
    const begun = clock.now();
    await posts.settled(run, signal);
    assert.equal(clock.now() - begun, 10_000);
  });

  it("that fail are settled too", async () => {
    const clock = sleeper();
    const posts = createMetricPosts(clock);
    await assert.rejects(
      posts.during(run, () => Promise.reject(new Error("no"))),
      /no/,
    );
    await posts.settled(run, signal);
  });
});
