// The plot of the children and the table below it, which shows what the plot has chosen.
import type { RunPoint } from "@malachite/client";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useCallback, useMemo, useState } from "react";
import { Button } from "../../../parts/Button.tsx";
import { Menu, MenuCheck } from "../../../parts/Menu.tsx";
import { AxisForm } from "./AxisForm.tsx";
import { axisOf, type Brush, brushed, type Column, columnsOf, firstColumns } from "./axes.ts";
import classes from "./Children.module.css";
import { ParallelPlot } from "./ParallelPlot.tsx";
import { PointTable } from "./PointTable.tsx";

/** Which axes there are and what gives the colour is in the address; what is brushed is not. */
export function PlotView({
  runId,
  points,
}: {
  readonly runId: string;
  readonly points: readonly RunPoint[];
}) {
  const search = useSearch({ from: "/runs/$runId/children" });
  const navigate = useNavigate();
  const [brushes, setBrushes] = useState<Readonly<Record<string, Brush>>>({});
  const [chosen, setChosen] = useState<string>();
  const [pointed, setPointed] = useState<number>();
  const all = useMemo(() => columnsOf(points), [points]);
  const shown = useMemo(
    () => columnsAsked(search.axes, all) ?? firstColumns(points, all),
    [search.axes, all, points],
  );
  const axes = useMemo(() => shown.map((column) => axisOf(points, column)), [points, shown]);
  const color = useMemo(
    () =>
      axes.find(({ id }) => id === search.color) ??
      axes.findLast(({ of }) => of === "metrics") ??
      axes.at(-1),
    [axes, search.color],
  );
  const isIn = useMemo(() => brushed(axes, brushes, points.length), [axes, brushes, points.length]);
  const setBrush = useCallback(
    (id: string, brush: Brush | undefined) =>
      setBrushes((now) => {
        const { [id]: _, ...others } = now;
        return brush === undefined ? others : { ...others, [id]: brush };
      }),
    [],
  );
  const change = (next: { axes?: readonly Column[]; color?: string }) =>
    void navigate({
      to: "/runs/$runId/children",
      params: { runId },
      search: (now) => ({
        ...now,
        ...(next.axes === undefined
          ? {}
          : { axes: next.axes.map(({ id }) => encodeURIComponent(id)).join(",") }),
        ...(next.color === undefined ? {} : { color: next.color }),
      }),
      replace: true,
    });
  const at = shown.findIndex(({ id }) => id === chosen);
  const axis = axes[at];
  const moved = (by: number) => {
    const next = [...shown];
    const [one] = next.splice(at, 1);
    if (one) next.splice(at + by, 0, one);
    change({ axes: next });
  };
  return (
    <>
      <div className={classes.tools}>
        <Menu
          trigger={
            <Button size="small">
              <Plus aria-hidden />
              Axes
            </Button>
          }
        >
          {all.map((column) => (
            <MenuCheck
              key={column.id}
              checked={shown.some(({ id }) => id === column.id)}
              onChange={(isOn) =>
                change({ axes: isOn ? [...shown, column] : shown.filter(({ id }) => id !== column.id) })
              }
            >
              {column.name}
              <span className={classes.of}>{column.of === "run" ? "" : column.of}</span>
            </MenuCheck>
          ))}
        </Menu>
        <label className={classes.end}>
          Colour
          <select value={color?.id ?? ""} onChange={(event) => change({ color: event.target.value })}>
            {axes.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
        </label>
        {Object.keys(brushes).length > 0 && (
          <Button size="small" onClick={() => setBrushes({})}>
            All runs again
          </Button>
        )}
      </div>
      {axes.length > 0 && (
        <ParallelPlot
          points={points}
          axes={axes}
          color={color}
          brushes={brushes}
          isIn={isIn}
          setBrush={setBrush}
          chosen={chosen}
          choose={(id) => setChosen((now) => (now === id ? undefined : id))}
          pointed={pointed}
        />
      )}
      {axis !== undefined && (
        <AxisForm
          key={axis.id}
          axis={axis}
          brush={brushes[axis.id]}
          setBrush={(brush) => setBrush(axis.id, brush)}
          isColor={color?.id === axis.id}
          color={() => change({ color: axis.id })}
          moveLeft={at > 0 ? () => moved(-1) : undefined}
          moveRight={at < shown.length - 1 ? () => moved(1) : undefined}
          remove={() => {
            setBrush(axis.id, undefined);
            setChosen(undefined);
            change({ axes: shown.filter(({ id }) => id !== axis.id) });
          }}
          close={() => setChosen(undefined)}
        />
      )}
      <PointTable points={points} isIn={isIn} columns={shown} point={setPointed} />
    </>
  );
}

/** The columns that an address names, of those that there are. */
function columnsAsked(text: string | undefined, all: readonly Column[]): Column[] | undefined {
  if (text === undefined) return undefined;
  const byId = new Map(all.map((column) => [encodeURIComponent(column.id), column]));
  return text.split(",").flatMap((id) => byId.get(id) ?? []);
}
