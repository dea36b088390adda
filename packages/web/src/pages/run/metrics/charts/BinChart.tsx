// Charts in bins: residuals as bars, predictions against what is true with their spread.
import type { Predictions, Residuals } from "@malachite/client";
import { shownValue } from "../../../../parts/numbers.ts";
import { Chart } from "../../../../parts/plot/Chart.tsx";

export function BinChart({
  name,
  chart,
}: {
  readonly name: string;
  readonly chart: Predictions | Residuals;
}) {
  const edges = chart.bins.flatMap(({ from, to }) => [from, to]).filter(Number.isFinite);
  const x = [
    Math.min(...edges, Number.POSITIVE_INFINITY),
    Math.max(...edges, Number.NEGATIVE_INFINITY),
  ] as const;
  if (!Number.isFinite(x[0]) || !Number.isFinite(x[1]))
    return (
      <Chart label={`${name}: no bins`} x={[0, 1]} y={[0, 1]} xName="" yName="">
        {() => null}
      </Chart>
    );
  return chart.type === "residuals" ? (
    <ResidualBars name={name} chart={chart} x={x} />
  ) : (
    <PredictionLine name={name} chart={chart} x={x} />
  );
}

type Ends = readonly [number, number];
const within = (value: number, [from, to]: Ends): number => Math.min(to, Math.max(from, value));

function ResidualBars({
  name,
  chart,
  x,
}: {
  readonly name: string;
  readonly chart: Residuals;
  readonly x: Ends;
}) {
  const counts = chart.bins.map(({ count }) => count).filter(Number.isFinite);
  const all = counts.reduce((sum, count) => sum + count, 0);
  return (
    <Chart
      label={`Residuals ${name}: ${shownValue(all)} values from ${shownValue(x[0])} to ${shownValue(x[1])}.`}
      x={x}
      y={[0, Math.max(1e-9, ...counts) * 1.05]}
      xName="Predicted minus true"
      yName="Count"
    >
      {(scales) =>
        chart.bins.map(({ from, to, count }, i) => {
          const [left, right] = [scales.x(within(from, x)), scales.x(within(to, x))];
          const height = Number.isFinite(count) ? scales.y(0) - scales.y(count) : 0;
          return (
            <rect
              // biome-ignore lint/suspicious/noArrayIndexKey: bins have no other name
              key={i}
              x={left + 0.5}
              y={scales.y(0) - height}
              width={Math.max(1, right - left - 1)}
              height={Math.max(0, height)}
              fill="var(--series-1)"
            >
              <title>{`${shownValue(from)} to ${shownValue(to)}: ${shownValue(count)}`}</title>
            </rect>
          );
        })
      }
    </Chart>
  );
}

function PredictionLine({
  name,
  chart,
  x,
}: {
  readonly name: string;
  readonly chart: Predictions;
  readonly x: Ends;
}) {
  const bins = chart.bins.filter(({ average, count }) => Number.isFinite(average) && count > 0);
  const spread = bins.flatMap(({ average, error }) => [average - (error || 0), average + (error || 0)]);
  const y: Ends = [Math.min(x[0], ...spread), Math.max(x[1], ...spread)];
  const most = Math.max(1e-9, ...bins.map(({ count }) => count));
  const middle = ({ from, to }: { from: number; to: number }) => (within(from, x) + within(to, x)) / 2;
  return (
    <Chart
      label={`Predictions ${name}: ${bins.map((bin) => `at ${shownValue(middle(bin))} on average ${shownValue(bin.average)}`).join(", ")}.`}
      x={x}
      y={y}
      xName="True"
      yName="Predicted"
    >
      {(scales) => (
        <>
          {bins.map((bin, i) => (
            <rect
              // biome-ignore lint/suspicious/noArrayIndexKey: bins have no other name
              key={i}
              x={scales.x(within(bin.from, x))}
              width={Math.max(1, scales.x(within(bin.to, x)) - scales.x(within(bin.from, x)) - 1)}
              y={scales.y(y[0]) - (scales.y(y[0]) - scales.y(y[1])) * 0.3 * (bin.count / most)}
              height={(scales.y(y[0]) - scales.y(y[1])) * 0.3 * (bin.count / most)}
              fill="var(--quiet-soft)"
            >
              <title>{`${shownValue(bin.count)} values`}</title>
            </rect>
          ))}
          <line
            x1={scales.x(x[0])}
            y1={scales.y(x[0])}
            x2={scales.x(x[1])}
            y2={scales.y(x[1])}
            stroke="var(--faint)"
            strokeDasharray="3 4"
          />
          {bins.map((bin, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: bins have no other name
            <g key={i} stroke="var(--series-1)" strokeWidth="1.6">
              <line
                x1={scales.x(middle(bin))}
                x2={scales.x(middle(bin))}
                y1={scales.y(bin.average - (bin.error || 0))}
                y2={scales.y(bin.average + (bin.error || 0))}
              />
              <circle cx={scales.x(middle(bin))} cy={scales.y(bin.average)} r="3.5" fill="var(--series-1)">
                <title>{`True ${shownValue(bin.from)} to ${shownValue(bin.to)}: ${shownValue(bin.average)} ± ${shownValue(bin.error)}, ${shownValue(bin.count)} values`}</title>
              </circle>
            </g>
          ))}
        </>
      )}
    </Chart>
  );
}
