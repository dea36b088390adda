// What can be done with one axis of the plot, by keys too: choose a part of it, colour by it, move it, take it away.
import { ArrowLeft, ArrowRight, X } from "lucide-react";
import { useId } from "react";
import { Button } from "../../../parts/Button.tsx";
import type { Axis, Brush } from "./axes.ts";
import { shortNumber } from "./axes.ts";
import classes from "./Children.module.css";

/** `move`: by one place to a side; undefined where it is at the end. */
export function AxisForm({
  axis,
  brush,
  setBrush,
  isColor,
  color,
  moveLeft,
  moveRight,
  remove,
  close,
}: {
  readonly axis: Axis;
  readonly brush: Brush | undefined;
  readonly setBrush: (brush: Brush | undefined) => void;
  readonly isColor: boolean;
  readonly color: () => void;
  readonly moveLeft: (() => void) | undefined;
  readonly moveRight: (() => void) | undefined;
  readonly remove: () => void;
  readonly close: () => void;
}) {
  const id = useId();
  const ends = brush ?? { from: 0, to: 1 };
  const end = (which: "from" | "to") => (
    <label className={classes.end} htmlFor={id + which}>
      {which === "from" ? "From" : "to"}
      {axis.kind === "words" ? (
        <select
          id={id + which}
          value={String(axis.valueAt(ends[which]))}
          onChange={(event) =>
            setBrush(ordered({ ...ends, [which]: axis.ticks[event.target.selectedIndex]?.at ?? 0 }))
          }
        >
          {axis.ticks.map(({ text }) => (
            <option key={text}>{text}</option>
          ))}
        </select>
      ) : (
        <input
          id={id + which}
          // A brush that was drawn is another value to begin with.
          key={shortNumber(Number(axis.valueAt(ends[which])))}
          inputMode="decimal"
          defaultValue={shortNumber(Number(axis.valueAt(ends[which])))}
          onBlur={(event) => type(which, event.target.value)}
          onKeyDown={(event) => event.key === "Enter" && type(which, event.currentTarget.value)}
        />
      )}
    </label>
  );
  const type = (which: "from" | "to", text: string) => {
    const place = axis.placeOf(Number(text));
    if (text.trim() === "" || Number.isNaN(place)) return;
    if (text === shortNumber(Number(axis.valueAt(ends[which])))) return;
    setBrush(ordered({ ...ends, [which]: place }));
  };
  return (
    <fieldset
      className={classes.form}
      aria-label={`Axis ${axis.name}`}
      onKeyDown={(event) => event.key === "Escape" && close()}
    >
      <strong className={classes.formName}>{axis.name}</strong>
      {end("from")}
      {end("to")}
      <Button size="small" disabled={brush === undefined} onClick={() => setBrush(undefined)}>
        All of it
      </Button>
      <Button size="small" aria-pressed={isColor} onClick={color}>
        Colour
      </Button>
      <Button kind="bare" size="small" aria-label="Move to the left" disabled={!moveLeft} onClick={moveLeft}>
        <ArrowLeft aria-hidden />
      </Button>
      <Button
        kind="bare"
        size="small"
        aria-label="Move to the right"
        disabled={!moveRight}
        onClick={moveRight}
      >
        <ArrowRight aria-hidden />
      </Button>
      <Button
        kind="bare"
        size="small"
        aria-label="Take the axis away"
        title="Take the axis away"
        onClick={remove}
      >
        <X aria-hidden />
      </Button>
    </fieldset>
  );
}

const ordered = ({ from, to }: Brush): Brush => ({ from: Math.min(from, to), to: Math.max(from, to) });
