// All that happens in a workspace, and the logs that a page shows, live in one stream.
import { malachite } from "@malachite/contract";
import { type LogPlace, MalachiteError, parseLogPlace } from "@malachite/core";
import { sendEvents, whileThere } from "../plugins/eventStream.ts";
import { frameLiveEvents, type LogSource } from "../plugins/liveEvents.ts";
import { route } from "../route.ts";

type LogAsk = { readonly runId: string; readonly path?: string; readonly place?: string };

const { logs: MOST_LOGS, runs: MOST_RUNS } = malachite.EVENTS_LIMITS;

export const events = route(malachite.events, async (ask, { flow, settings, closing }) => {
  const { request, reply, query, scope } = ask;
  const { kinds = malachite.EVENT_KINDS, experimentId, runId: runIds, watch } = query;
  refuseMany(runIds ?? [], MOST_RUNS, "runId");
  refuseMany(watch ?? [], MOST_RUNS, "watch");
  refuseMany(query.log ?? [], MOST_LOGS, "log");
  const [after, ...places] = String(request.headers["last-event-id"] ?? "").split("/");
  const asked = (query.log ?? []).map(logOf);
  // The logs of the id are those of the address it came from: of another number of them it says nothing.
  const resumed = places.length === asked.length ? places : [];
  const signal = whileThere(reply, closing);
  const logs = asked.map(({ runId, path, place }, i): LogSource => {
    const from = resumed[i] || place;
    const at = { path, from: placeOf(from), signal };
    return { runId, path, place: from, events: flow.followLog({ scope, runId }, at) };
  });
  const live = flow.liveEvents({
    scope,
    kinds: new Set(kinds),
    ...(experimentId === undefined ? {} : { experimentId }),
    ...(runIds === undefined ? {} : { runIds: new Set(runIds) }),
    ...(watch === undefined ? {} : { watch }),
    ...(after ? { after } : {}),
    signal,
  });
  const { heartbeatMs } = settings;
  sendEvents(request, reply, frameLiveEvents(live, logs, { base: ask.base, heartbeatMs, signal }));
  return undefined;
});

/** `runId`, `runId/path` or `runId/path@place`; a path may have an `@` of its own where no place follows it. */
function logOf(text: string): LogAsk {
  const at = text.lastIndexOf("@");
  const place = at > 0 && parseLogPlace(text.slice(at + 1)) ? text.slice(at + 1) : undefined;
  const name = place === undefined ? text : text.slice(0, at);
  const slash = name.indexOf("/");
  const runId = slash < 0 ? name : name.slice(0, slash);
  const path = slash < 0 ? "" : name.slice(slash + 1);
  return { runId, ...(path === "" ? {} : { path }), ...(place === undefined ? {} : { place }) };
}

function placeOf(text: string | undefined): LogPlace {
  return (text === undefined ? undefined : parseLogPlace(text)) ?? { offset: 0 };
}

function refuseMany(list: readonly unknown[], most: number, target: string): void {
  if (list.length <= most) return;
  throw new MalachiteError("InvalidRequest", `At most ${most} can be named, not ${list.length}.`, { target });
}
