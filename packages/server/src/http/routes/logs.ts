// Logs of any size: their list, index, lines, matches, errors and differences.
import { malachite } from "@malachite/contract";
import { type LogAsk, type LogPlace, MalachiteError, parseLogPlace } from "@malachite/core";
import { dateText } from "../dto/dates.ts";
import { given } from "../dto/run.ts";
import { addressOf, route } from "../route.ts";
import { whileWanted } from "../whileWanted.ts";

export const listLogs = route(malachite.listLogs, async (ask, { flow }) => {
  const logs = await flow.logs.list(addressOf(ask));
  return {
    value: logs.map(({ path, sizeBytes, changedAt, live, main, rank, attempt }) => ({
      path,
      sizeBytes,
      changedAt: dateText(changedAt),
      live,
      main,
      ...given({ rank, attempt }),
    })),
  };
});

export const getLogIndex = route(malachite.getLogIndex, (ask, edge) =>
  whileWanted(ask, edge, (signal) => edge.flow.logs.index(addressOf(ask), logOf(ask.query), signal)),
);

export const getLogLines = route(malachite.getLogLines, (ask, edge) => {
  const { line = 1, count = 200, clip = 4096 } = ask.query;
  return whileWanted(ask, edge, (signal) =>
    edge.flow.logs.lines(addressOf(ask), { ...logOf(ask.query), line, count, clip }, signal),
  );
});

export const searchLog = route(malachite.searchLog, (ask, edge) => {
  const { text, from, limit = 100 } = ask.query;
  const { regex = false, ignoreCase = false, backward = false, count = false } = ask.query;
  const search = { text, from, limit, regex, ignoreCase, backward, count };
  return whileWanted(ask, edge, (signal) =>
    edge.flow.logs.search(addressOf(ask), { ...logOf(ask.query), ...search }, signal),
  );
});

export const findLogError = route(malachite.findLogError, (ask, edge) =>
  whileWanted(ask, edge, (signal) => edge.flow.logs.findError(addressOf(ask), logOf(ask.query), signal)),
);

export const compareLogs = route(malachite.compareLogs, (ask, edge) => {
  const { path, otherPath = path, otherRunId, otherSince, ignore = [], context = 5 } = ask.query;
  const address = addressOf(ask);
  const left = { ...address, ...logOf(ask.query) };
  const other = { ...address, runId: otherRunId ?? address.runId };
  const right = { ...other, path: otherPath, since: placeOf("otherSince", otherSince) };
  return whileWanted(ask, edge, (signal) => edge.flow.logs.compare(left, right, { ignore, context }, signal));
});

const logOf = ({
  path,
  since,
}: {
  readonly path?: string | undefined;
  readonly since?: string | undefined;
}): LogAsk => ({ path, since: placeOf("since", since) });

function placeOf(target: string, text: string | undefined): LogPlace | undefined {
  const place = text === undefined ? undefined : parseLogPlace(text);
  if (text === undefined || place?.of !== undefined) return place;
  throw new MalachiteError("InvalidRequest", `${target} must be the place that an earlier answer told.`, {
    target,
  });
}
