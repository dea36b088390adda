// A metric in buckets as the wire shows it: a list for each column, which is what plots take and a third of the text of objects.
import type { malachite } from "@malachite/contract";
import type { MetricSeries } from "@malachite/core";

export const seriesDto = ({ buckets, ...head }: MetricSeries): malachite.MetricSeries => ({
  ...head,
  x: buckets.map(({ x }) => x),
  min: buckets.map(({ min }) => min),
  max: buckets.map(({ max }) => max),
  mean: buckets.map(({ mean }) => mean),
  last: buckets.map(({ last }) => last),
  count: buckets.map(({ count }) => count),
  nonFinite: buckets.flatMap(({ nonFinite }) => nonFinite.map((mark) => ({ ...mark }))),
});
