// News between servers over LISTEN and NOTIFY. One connection hears and one tells, each made again when it is lost; what is told
// meanwhile is lost, and those who listen are told that they may have missed something.
import type { NewsWire } from "@malachite/core";
import type pg from "pg";
import { parseAddress } from "./address.ts";
import { clientOf, cut } from "./client.ts";

export type PostgresNews = NewsWire & AsyncDisposable;

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;
/** A connection that says nothing may be dead without a word: it is asked so often, and given up when it does not answer. */
const ASK_EVERY_MS = 2_000;
const ANSWER_MS = 3_000;
/** What waits for a connection that is away; more is dropped, for it is of no use by then. */
const MOST_WAITING = 1_000;

/** Connects in the background, and never throws. Servers of one schema hear each other. */
export function createPostgresNews(ask: { readonly url: string; readonly password?: string }): PostgresNews {
  const address = parseAddress(ask.url, ask.password);
  const channel = `malachite_${address.schema}`.slice(0, 63);
  const ended = new AbortController();
  const hearers = new Set<{ readonly hear: (text: string) => void; readonly missed: () => void }>();
  const waiting: string[] = [];
  let client: pg.Client | undefined;
  let isSending = false;

  async function sendAll(): Promise<void> {
    if (isSending) return;
    isSending = true;
    try {
      while (client && waiting.length > 0) {
        const some = waiting.splice(0, 100);
        await client.query("select pg_notify($1, item) from unnest($2::text[]) as item", [channel, some]);
      }
    } catch {
      // The connection is lost, and these news with it: a hint, and those who wait look again by themselves.
    } finally {
      isSending = false;
    }
  }

  async function life(): Promise<void> {
    const made = clientOf(address, "malachite news");
    const lost = Promise.withResolvers<void>();
    made.on("error", () => lost.resolve());
    made.on("end", () => lost.resolve());
    ended.signal.addEventListener("abort", () => lost.resolve(), { once: true });
    made.on("notification", ({ payload }) => {
      for (const { hear } of [...hearers]) hear(payload ?? "");
    });
    try {
      await made.connect();
      await made.query(`listen ${channel}`);
      client = made;
      for (const { missed } of [...hearers]) missed();
      void sendAll();
      const asking = setInterval(() => {
        const late = setTimeout(() => lost.resolve(), ANSWER_MS);
        made.query("select 1").then(
          () => clearTimeout(late),
          () => lost.resolve(),
        );
      }, ASK_EVERY_MS).unref();
      await lost.promise;
      clearInterval(asking);
    } finally {
      client = undefined;
      made.end().catch(() => {}); // It is gone either way.
      if (!ended.signal.aborted) cut(made);
    }
  }

  const lives = (async () => {
    for (
      let waitMs = FIRST_PAUSE_MS;
      !ended.signal.aborted;
      waitMs = Math.min(2 * waitMs, LONGEST_PAUSE_MS)
    ) {
      const begun = Date.now();
      await life().catch(() => {}); // The records say so to whoever asks them.
      if (Date.now() - begun > LONGEST_PAUSE_MS) waitMs = FIRST_PAUSE_MS;
      if (!ended.signal.aborted) await pause(waitMs, ended.signal);
    }
  })();

  return {
    send(text) {
      if (waiting.length >= MOST_WAITING) waiting.splice(0, MOST_WAITING / 2);
      waiting.push(text);
      void sendAll();
    },
    listen(hear, missed) {
      const hearer = { hear, missed };
      hearers.add(hearer);
      return () => hearers.delete(hearer);
    },
    async [Symbol.asyncDispose]() {
      await sendAll();
      ended.abort();
      await lives;
    },
  };
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
