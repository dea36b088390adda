// How much of something is taken, as a small bar with its numbers.
import { shownCount } from "../../parts/numbers.ts";
import type { Share } from "./capacity.ts";
import classes from "./ShareBar.module.css";

/** Up to so many are drawn one by one. */
const MOST_CELLS = 32;

/** Taken by runs of this workspace, by those of others (striped), and free. */
export function ShareBar({ label, own, elsewhere, all }: Share) {
  const taken = own + elsewhere;
  const isFull = taken >= all;
  return (
    <Bar label={label} text={`${shownCount(taken)} of ${shownCount(all)} taken`}>
      {Math.max(all, taken) <= MOST_CELLS ? (
        Array.from({ length: Math.max(all, taken) }, (_, i) => (
          <span
            // biome-ignore lint/suspicious/noArrayIndexKey: cells have nothing but their place
            key={i}
            className={`${classes.cell} ${i < own ? classes.own : i < taken ? classes.elsewhere : ""} ${isFull ? classes.full : ""}`}
          />
        ))
      ) : (
        <>
          <span className={`${classes.own} ${isFull ? classes.full : ""}`} style={{ flexGrow: own }} />
          <span
            className={`${classes.elsewhere} ${isFull ? classes.full : ""}`}
            style={{ flexGrow: elsewhere }}
          />
          <span style={{ flexGrow: Math.max(0, all - taken) }} />
        </>
      )}
    </Bar>
  );
}

/** A part of a whole that has no pieces: memory, disk. `share` from 0 to 1. */
export function LevelBar({
  label,
  share,
  text,
}: {
  readonly label: string;
  readonly share: number;
  readonly text: string;
}) {
  const within = Math.min(1, Math.max(0, share));
  return (
    <Bar label={label} text={text}>
      <span className={`${classes.own} ${share >= 0.95 ? classes.full : ""}`} style={{ flexGrow: within }} />
      <span style={{ flexGrow: 1 - within }} />
    </Bar>
  );
}

function Bar({
  label,
  text,
  children,
}: {
  readonly label: string;
  readonly text: string;
  readonly children: React.ReactNode;
}) {
  return (
    <div className={classes.share}>
      <span className={classes.label}>{label}</span>
      <span className={classes.text}>{text}</span>
      <div className={classes.bar} aria-hidden>
        {children}
      </div>
    </div>
  );
}
