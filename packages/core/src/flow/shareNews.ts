// Makes the news of all servers that share the records one: what happens here is told to the others, a few milliseconds' worth at a
// time, and what they tell is heard here as if it had happened here.
import type { NewsWire } from "../ports/newsWire.ts";
import type { Happened } from "./liveNews.ts";
import type { FlowPorts } from "./ports.ts";
import { keyOf, type Told, type Which } from "./runNews.ts";

type SharePorts = Pick<FlowPorts, "runs" | "news" | "clock" | "log"> & {
  readonly settings: Pick<FlowPorts["settings"], "owner">;
};

/** What goes over the wire. */
type Item = Told | { readonly kind: "live"; readonly what: Happened };
type Message = { readonly from: string; readonly items: readonly Item[] };

/** So long is collected: many changes of one run are one item. */
const COLLECT_MS = 10;
/** PostgreSQL's notifications have at most 8,000 bytes. */
export const WIRE_BYTES = 7_500;
/** A metric's names are a convenience: without them all are meant. */
const MOST_NAMES = 20;
/** A server that died between a change and its news told nobody: streams look again so often. */
const LOOK_EVERY_MS = 3_000;
/** Runs that are read at once after a gap in the news. */
const AT_ONCE = 50;

/** Until disposed of. */
export function shareNews(ports: SharePorts, wire: NewsWire): Disposable {
  const { runs, news, clock, log } = ports;
  const { owner } = ports.settings;
  const ended = new AbortController();
  const pending = new Map<string, Item>();
  let flushing = false;

  const tell = (item: Item): void => {
    pending.set(JSON.stringify(item), item);
    if (flushing) return;
    flushing = true;
    void clock.sleep(COLLECT_MS, ended.signal).then(flush);
  };

  function flush(): void {
    flushing = false;
    let texts: string[] = [];
    let bytes = 0;
    const send = (): void => {
      if (texts.length > 0) wire.send(`{"from":${JSON.stringify(owner)},"items":[${texts.join(",")}]}`);
      texts = [];
      bytes = 0;
    };
    for (const text of pending.keys()) {
      // Three bytes for each character at most, and what is around them.
      const size = 3 * text.length + 1;
      if (bytes + size > WIRE_BYTES - 200) send();
      texts.push(text);
      bytes += size;
    }
    send();
    pending.clear();
  }

  /** Runs that are being read; true: another change came meanwhile. */
  const reading = new Map<string, boolean>();
  async function reread(run: Which): Promise<void> {
    const key = keyOf(run);
    if (!news.isHeard(run)) return;
    if (reading.has(key)) {
      reading.set(key, true);
      return;
    }
    try {
      do {
        reading.set(key, false);
        const now = await runs.get(run.scope, run.id);
        if (now) news.changedElsewhere(now);
      } while (reading.get(key));
    } catch (error) {
      // Whoever waits for it looks again by itself.
      if (!ended.signal.aborted) log.warn("newsLost", { runId: run.id, reason: String(error) });
    } finally {
      reading.delete(key);
    }
  }

  function hear(text: string): void {
    const message = parse(text);
    if (!message || message.from === owner) return;
    for (const item of message.items) {
      if (item.kind === "changed") void reread(item.run);
      else if (item.kind === "queueMoved") news.queueMovedElsewhere();
      else if (item.kind === "live") news.live.happenedElsewhere(item.what);
    }
  }

  async function missed(): Promise<void> {
    news.queueMovedElsewhere();
    look();
    const heard = news.heard();
    for (let at = 0; at < heard.length && !ended.signal.aborted; at += AT_ONCE)
      await Promise.all(heard.slice(at, at + AT_ONCE).map(reread));
  }

  const look = (): void => {
    news.live.happenedElsewhere({ kind: "run" });
    news.live.happenedElsewhere({ kind: "queue" });
  };
  void (async () => {
    while (!ended.signal.aborted) {
      await clock.sleep(LOOK_EVERY_MS, ended.signal);
      if (!ended.signal.aborted) look();
    }
  })();

  const stops = [
    news.passOn(tell),
    news.live.passOn((what) => tell({ kind: "live", what: shortened(what) })),
    wire.listen(hear, () => void missed()),
  ];
  return {
    [Symbol.dispose]() {
      for (const stop of stops) stop();
      flush();
      ended.abort();
    },
  };
}

const shortened = (what: Happened): Happened =>
  what.kind === "metrics" && (what.names.length > MOST_NAMES || what.names.join("").length > WIRE_BYTES / 10)
    ? { ...what, names: [] }
    : what;

/** A server of another release may say what this one does not know. */
function parse(text: string): Message | undefined {
  try {
    const { from, items } = JSON.parse(text) as Partial<Message>;
    return typeof from === "string" && Array.isArray(items) ? { from, items } : undefined;
  } catch {
    return undefined;
  }
}
