// Two texts line by line, with what is the same put away.
import { useMemo, useState } from "react";
import { shownCount } from "../../parts/numbers.ts";
import classes from "./DiffView.module.css";
import { type DiffLine, diffOf, folded } from "./lineDiff.ts";

/** Rows that are there at once; more are asked for, so that the page stays quick. */
const MOST_ROWS = 1500;

export function DiffView({
  label,
  left,
  right,
}: {
  readonly label: string;
  readonly left: string;
  readonly right: string;
}) {
  const { lines, isWhole } = useMemo(() => diffOf(left, right), [left, right]);
  const [context, setContext] = useState(3);
  const [most, setMost] = useState(MOST_ROWS);
  const parts = useMemo(() => folded(lines, context), [lines, context]);
  let rows = 0;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys
    <section className={classes.diff} tabIndex={0} aria-label={label}>
      {!isWhole && <p className={classes.note}>The two are too different to be compared line by line.</p>}
      <table>
        <tbody>
          {parts.map((part, i) => {
            if (rows > most) return null;
            if ("hidden" in part) {
              rows += 1;
              return (
                // biome-ignore lint/suspicious/noArrayIndexKey: parts have no other name
                <tr key={i} className={classes.fold}>
                  <td colSpan={4}>
                    <button type="button" onClick={() => setContext(context * 4)}>
                      {shownCount(part.hidden)} lines are the same: show more
                    </button>
                  </td>
                </tr>
              );
            }
            const shown = part.lines.slice(0, most - rows + 1);
            rows += shown.length;
            return shown.map((line) => <Line key={`${line.left}:${line.right}`} line={line} />);
          })}
        </tbody>
      </table>
      {rows > most && (
        <button type="button" className={classes.more} onClick={() => setMost(most * 4)}>
          Show more lines
        </button>
      )}
    </section>
  );
}

const SIGNS = { same: " ", left: "−", right: "+" } as const;
const WORDS = { same: "", left: "only left: ", right: "only right: " } as const;

function Line({ line: { kind, left, right, text } }: { readonly line: DiffLine }) {
  return (
    <tr className={classes[kind]}>
      <td className={classes.number}>{left}</td>
      <td className={classes.number}>{right}</td>
      <td className={classes.sign}>
        <span aria-hidden>{SIGNS[kind]}</span>
        <span className="visually-hidden">{WORDS[kind]}</span>
      </td>
      <td className={classes.text}>{text}</td>
    </tr>
  );
}
