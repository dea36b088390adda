// One line of a log, as a terminal would show it, with what was looked for marked.
import { memo } from "react";
import { segmentsOf } from "./ansi.ts";
import classes from "./LogRow.module.css";
import type { Line } from "./logModel.ts";
import type { Matcher } from "./useLogSearch.ts";

const BAD =
  /^\s*(?:Traceback \(most recent call last\)|\w*(?:Error|Exception)\b[:(]|.{0,60}\b(?:ERROR|FATAL|CRITICAL)\b)/;
const WARN = /^.{0,60}\b(?:WARN|WARNING)\b|^\S*Warning:/;

type Props = {
  readonly number: number;
  /** How wide the numbers are. */
  readonly digits: number;
  readonly line: Line | undefined;
  readonly matcher: Matcher | undefined;
  readonly isChosen: boolean;
  readonly onChoose: (number: number) => void;
};

/** A row; drawn again only when something of it changed. */
export const LogRow = memo(function LogRow({ number, digits, line, matcher, isChosen, onChoose }: Props) {
  const text = line?.text ?? "";
  const tone = BAD.test(text) ? classes.bad : WARN.test(text) ? classes.warn : "";
  return (
    <div className={`${classes.row} ${tone} ${isChosen ? classes.chosen : ""}`}>
      <button
        type="button"
        tabIndex={-1}
        className={classes.number}
        style={{ width: `${digits + 2}ch` }}
        aria-label={`Line ${number}`}
        onClick={() => onChoose(number)}
      >
        {number}
      </button>
      <span className={classes.text}>
        {line === undefined ? (
          <span className={classes.loading}>…</span>
        ) : (
          segmentsOf(text).map(({ text: part, style }, i) => (
            <span
              // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of a line have no other name
              key={i}
              className={
                style === ""
                  ? undefined
                  : style
                      .split(" ")
                      .map((name) => classes[name] ?? "")
                      .join(" ")
              }
            >
              {matcher === undefined ? part : marked(part, matcher)}
            </span>
          ))
        )}
        {line?.clipped && <span className={classes.loading}> … the line goes on</span>}
      </span>
    </div>
  );
});

function marked(text: string, matcher: Matcher) {
  const pieces = matcher(text);
  if (pieces.length === 0) return text;
  const shown = [];
  let at = 0;
  for (const [from, to] of pieces) {
    shown.push(text.slice(at, from), <mark key={from}>{text.slice(from, to)}</mark>);
    at = to;
  }
  return [...shown, text.slice(at)];
}
