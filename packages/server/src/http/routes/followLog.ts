// A log, live, as server-sent events.
import { malachite } from "@malachite/contract";
import { isTerminal, type LogEvent, type LogPlace, MalachiteError, parseLogPlace } from "@malachite/core";
import { sendEvents, whileThere } from "../plugins/eventStream.ts";
import { frameEvents } from "../plugins/events.ts";
import { addressOf, route } from "../route.ts";

export const followLog = route(malachite.followLog, async (ask, { flow, settings, closing }) => {
  const { request, reply, query } = ask;
  const address = addressOf(ask);
  const from = lastEventId(request.headers["last-event-id"]) ?? { offset: query.from ?? 0 };
  // Asked first, so that an unknown run is told as an error and not as a stream that ends.
  const shown = await flow.getRun(address);
  const signal = whileThere(reply, closing);
  const events = flow.followLog(address, { path: query.path, from, signal });
  const head = isTerminal(shown.status) ? await firstNews(events) : { events };
  sendEvents(request, reply, frameEvents(head.events, settings.heartbeatMs, signal));
  return undefined;
});

/**
 * The log of an ended run comes without waiting, so its first piece is fetched before the answer begins: a missing file or a
 * position beyond its end can then still be told as an error.
 */
async function firstNews(events: AsyncIterable<LogEvent>): Promise<{ events: AsyncIterable<LogEvent> }> {
  const iterator = events[Symbol.asyncIterator]();
  const seen: LogEvent[] = [];
  for (let step = await iterator.next(); !step.done; step = await iterator.next()) {
    seen.push(step.value);
    if (step.value.kind !== "status") break;
  }
  async function* all(): AsyncGenerator<LogEvent> {
    yield* seen;
    yield* { [Symbol.asyncIterator]: () => iterator };
  }
  return { events: all() };
}

function lastEventId(header: string | string[] | undefined): LogPlace | undefined {
  if (header === undefined || header === "") return undefined;
  const place = parseLogPlace(String(header));
  if (place !== undefined) return place;
  throw new MalachiteError(
    "InvalidRequest",
    "Last-Event-ID must be the id that an event of this log carried, or a byte offset.",
    { target: "Last-Event-ID" },
  );
}
