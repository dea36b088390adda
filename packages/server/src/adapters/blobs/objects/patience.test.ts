// A service that is asked to stop while its storage is away: it ends soon. Time is a value here.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it, mock } from "node:test";
import { MalachiteError } from "@malachite/core";
import { HURRIED_SILENCE_MS } from "./heard.ts";
import type { Objects } from "./objects.ts";
import { patient } from "./patience.ts";

const HOUR_MS = 3600_000;
const away = async (): Promise<never> => {
  throw new MalachiteError("StorageAway", "It does not answer.");
};

describe("asking a storage while the service is asked to stop", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  afterEach(() => mock.timers.reset());

  function asked(of: Partial<Objects>) {
    const closing = new AbortController();
    const patience = {
      deadlineMs: HOUR_MS,
      firstWaitMs: HOUR_MS,
      silenceMs: HOUR_MS,
      closing: closing.signal,
    };
    const storage = { place: "s3://b/", longestKeyBytes: 1000, ...of } as Objects;
    return { closing, storage: patient(storage, patience) };
  }
  const isAway = { code: "StorageAway" };
  /** Lets all that waits for nothing but its turn go on. */
  const turn = () => new Promise((resolve) => setImmediate(resolve));

  it("gives up what is heard nothing of for a moment, whether it was asked before or after", async () => {
    const { closing, storage } = asked({ get: () => new Promise(() => {}) });
    const before = assert.rejects(storage.get("a"), isAway);
    await turn();
    closing.abort();
    const after = assert.rejects(storage.get("b"), isAway);
    await turn();
    mock.timers.tick(HURRIED_SILENCE_MS);
    await before;
    await after;
  });

  it("takes an answer that comes in that moment, and a stream that goes on", async () => {
    let answer = (_: undefined): void => {};
    const { closing, storage } = asked({
      get: () => new Promise((resolve) => (answer = resolve)),
      async *read() {
        for (const byte of [1, 2, 3]) {
          await turn();
          yield Uint8Array.of(byte);
        }
      },
    });
    const got = storage.get("a");
    const read: number[] = [];
    const reading = (async () => {
      for await (const [byte] of storage.read("a", 0, 3)) {
        read.push(byte ?? 0);
        mock.timers.tick(HURRIED_SILENCE_MS - 1);
        if (read.length === 1) closing.abort();
        if (read.length === 2) answer(undefined);
      }
    })();
    assert.equal(await got, undefined);
    await reading;
    assert.deepEqual(read, [1, 2, 3]);
  });

  it("asks nothing again, and waits no longer to do so", async () => {
    let tries = 0;
    const { closing, storage } = asked({
      head: () => {
        tries += 1;
        return away();
      },
      // biome-ignore lint/correctness/useYield: it breaks before its first byte
      async *read() {
        tries += 1;
        await away();
      },
    });
    const waiting = assert.rejects(storage.head("a"), isAway);
    const reading = assert.rejects(storage.read("a", 0, 9)[Symbol.asyncIterator]().next(), isAway);
    await turn();
    closing.abort();
    await waiting;
    await reading;
    await assert.rejects(storage.head("b"), isAway);
    assert.equal(tries, 3);
  });
});
