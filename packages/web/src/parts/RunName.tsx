// A run in a list of few words: its name, which leads to it, and something beside it.
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import classes from "./RunName.module.css";

/** `children` stands beside the name, or below it where `stacked`. */
export function RunName({
  runId,
  name,
  stacked,
  className = "",
  children,
}: {
  readonly runId: string;
  readonly name: string | undefined;
  readonly stacked?: boolean;
  readonly className?: string;
  readonly children?: ReactNode;
}) {
  return (
    <span className={`${classes.who} ${stacked ? classes.stacked : ""} ${className}`}>
      <Link to="/runs/$runId" params={{ runId }} className={classes.name} title={runId}>
        {name || runId}
      </Link>
      <span className={classes.aside}>{children}</span>
    </span>
  );
}
