// Why somebody ends a run, in words that stay with it.
import { useId } from "react";
import classes from "./Dialogs.module.css";

/** As long as the service takes. */
const LONGEST = 1000;

export function ReasonField({
  reason,
  change,
}: {
  readonly reason: string;
  readonly change: (reason: string) => void;
}) {
  const field = useId();
  return (
    <div className={classes.field}>
      <label htmlFor={field}>Why (kept in its story, may be empty)</label>
      <input id={field} value={reason} maxLength={LONGEST} onChange={(event) => change(event.target.value)} />
    </div>
  );
}
