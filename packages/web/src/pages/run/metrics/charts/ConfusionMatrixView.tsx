// Which classes were taken for which: a table whose cells are coloured by their share.
import type { ConfusionMatrix } from "@malachite/client";
import { useEffect, useMemo, useRef, useState } from "react";
import { Button, ButtonGroup } from "../../../../parts/Button.tsx";
import { DataTable } from "../../../../parts/DataTable.tsx";
import { shownValue } from "../../../../parts/numbers.ts";
import { coloursNow, faint, useColours } from "../../../../parts/plot/looks.ts";
import classes from "./charts.module.css";
import { mostConfused, sharesOf } from "./confusion.ts";

/** More classes than this are a picture; cells would be too many to be read. */
const MOST_CELLS_A_ROW = 60;

export function ConfusionMatrixView({
  name,
  chart,
}: {
  readonly name: string;
  readonly chart: ConfusionMatrix;
}) {
  const [isShare, setIsShare] = useState(false);
  const shares = useMemo(() => sharesOf(chart), [chart]);
  const { labels, matrix } = chart;
  return (
    <div className={classes.chart}>
      <div className={classes.tools}>
        <ButtonGroup label="Cells show">
          <Button size="small" aria-pressed={!isShare} onClick={() => setIsShare(false)}>
            Counts
          </Button>
          <Button size="small" aria-pressed={isShare} onClick={() => setIsShare(true)}>
            Shares
          </Button>
        </ButtonGroup>
        <span>Rows: true class. Columns: predicted.</span>
      </div>
      {labels.length > MOST_CELLS_A_ROW ? (
        <LargeMatrix name={name} chart={chart} shares={shares} />
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys
        <section className={classes.scroll} tabIndex={0} aria-label={`Confusion matrix ${name}`}>
          <table className={classes.matrix}>
            <thead>
              <tr>
                <td />
                {labels.map((label, column) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: labels may be the same
                  <th key={column} scope="col" title={label}>
                    {label}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {matrix.map((counts, row) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: labels may be the same
                <tr key={row}>
                  <th scope="row" title={labels[row]}>
                    {labels[row]}
                  </th>
                  {counts.map((count, column) => {
                    const share = shares[row]?.[column] ?? 0;
                    const colour = row === column ? "--good" : "--bad";
                    return (
                      <td
                        // biome-ignore lint/suspicious/noArrayIndexKey: labels may be the same
                        key={column}
                        title={`${labels[row]} taken for ${labels[column]}: ${shownValue(count)}, ${percent(share)}`}
                        style={{
                          background: `color-mix(in srgb, var(${colour}) ${Math.round(share * 42)}%, var(--surface))`,
                        }}
                      >
                        {isShare ? percent(share) : shownValue(count)}
                      </td>
                    );
                  })}
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </div>
  );
}

const percent = (share: number): string => `${(100 * share).toFixed(share > 0 && share < 0.0995 ? 1 : 0)} %`;

/** A dot for each cell, and in words where the classes are mixed up most. */
function LargeMatrix({
  name,
  chart,
  shares,
}: {
  readonly name: string;
  readonly chart: ConfusionMatrix;
  readonly shares: readonly (readonly number[])[];
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const colours = useColours();
  const size = chart.labels.length;
  // biome-ignore lint/correctness/useExhaustiveDependencies: other colours are painted anew
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context) return;
    context.clearRect(0, 0, size, size);
    const { series, bad } = coloursNow();
    for (const [row, values] of shares.entries())
      for (const [column, share] of values.entries()) {
        if (share === 0) continue;
        context.fillStyle = faint(row === column ? (series[0] as string) : bad, 0.15 + 0.85 * share);
        context.fillRect(column, row, 1, 1);
      }
  }, [shares, size, colours]);
  const pairs = useMemo(() => mostConfused(chart), [chart]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys
    <section className={classes.scroll} tabIndex={0} aria-label={`Confusion matrix ${name}`}>
      <canvas
        ref={canvas}
        className={classes.canvas}
        width={size}
        height={size}
        role="img"
        aria-label={`${size} classes; the table says which are mixed up most`}
      />
      <div className={classes.confused}>
        <DataTable
          label={`Classes of ${name} that are mixed up most`}
          columns={[
            { name: "True", cells: pairs.map(({ truth }) => truth) },
            { name: "Predicted", cells: pairs.map(({ predicted }) => predicted) },
            { name: "Count", cells: pairs.map(({ count }) => count), isNumber: true },
          ]}
        />
      </div>
    </section>
  );
}
