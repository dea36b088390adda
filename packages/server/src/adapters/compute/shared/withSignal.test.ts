import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { describe, it } from "node:test";
import { withSignal } from "./withSignal.ts";

describe("waiting that ends with a signal", () => {
  it("answers what the work answers, and leaves nothing at the signal", async () => {
    const { signal } = new AbortController();
    assert.equal(await withSignal(Promise.resolve(1), signal), 1);
    await assert.rejects(withSignal(Promise.reject(new Error("no")), signal), /no/);
    assert.equal(getEventListeners(signal, "abort").length, 0);
  });

  it("leaves work that fails later to itself, also where the signal had aborted before", async () => {
    const stop = new AbortController();
    const work = Promise.withResolvers<never>();
    const waiting = withSignal(work.promise, stop.signal);
    stop.abort(new Error("left"));
    await assert.rejects(waiting, /left/);
    const later = Promise.withResolvers<never>();
    await assert.rejects(withSignal(later.promise, stop.signal), /left/);
    // Would end this process as a rejection that nobody handles.
    work.reject(new Error("late"));
    later.reject(new Error("late"));
    await new Promise((resolve) => setImmediate(resolve));
  });
});
