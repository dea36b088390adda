// Metrics of runs as plots need them. The answer is sent series by series: never more of it is held than a part.
import { Readable } from "node:stream";
import { malachite } from "@malachite/contract";
import type { MetricSeries } from "@malachite/core";
import { seriesDto } from "../dto/metricSeries.ts";
import { given } from "../dto/run.ts";
import { route } from "../route.ts";

const POINTS = 500;

export const metricSeries = route(malachite.metricSeries, async (ask, { flow }) => {
  const { runIds, names, namespace, x = "step", from, to, points = POINTS } = await ask.body();
  const series = flow.metrics.series(ask.scope, {
    ...{ runIds, names, x, points },
    ...given({ namespace: namespace || undefined, from, to }),
  });
  const read = series[Symbol.asyncIterator]();
  // The first one before the answer begins: what goes wrong can still be told.
  const first = await read.next();
  ask.reply.type("application/json; charset=utf-8");
  ask.reply.send(Readable.from(text(first, read), { objectMode: false }));
  return undefined;
});

async function* text(
  first: IteratorResult<MetricSeries>,
  read: AsyncIterator<MetricSeries>,
): AsyncGenerator<string> {
  try {
    yield '{"value":[';
    let comma = "";
    for (let one = first; !one.done; one = await read.next()) {
      yield comma + JSON.stringify(seriesDto(one.value));
      comma = ",";
    }
    yield "]}";
  } finally {
    // A client that has gone wants no more of it.
    await read.return?.();
  }
}
