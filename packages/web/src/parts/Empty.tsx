// Where there is nothing: what could be here, and how it comes here.
import type { ReactNode } from "react";
import classes from "./Empty.module.css";

/** A calm note in an empty place. */
export function Empty({ title, children }: { readonly title: string; readonly children?: ReactNode }) {
  return (
    <div className={classes.empty}>
      <p className={classes.title}>{title}</p>
      {children}
    </div>
  );
}

/** Something is on its way. Shown only after a moment, so that quick answers do not flicker. */
export function Waiting({ what = "Loading" }: { readonly what?: string }) {
  return (
    <div className={classes.waiting} role="status">
      {what}…
    </div>
  );
}
