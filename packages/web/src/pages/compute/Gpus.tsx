// Every GPU of a line by its number: free, or whose it is.
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { Button } from "../../parts/Button.tsx";
import { counted, type GpuCell } from "./capacity.ts";
import classes from "./Gpus.module.css";

const FEW = 32;

/** Nothing where no GPUs are counted. */
export function Gpus({ cells }: { readonly cells: readonly GpuCell[] }) {
  const [all, setAll] = useState(false);
  if (cells.length === 0) return null;
  return (
    <>
      <ul className={classes.gpus} aria-label="GPUs by number">
        {(all ? cells : cells.slice(0, FEW)).map(({ gpu, isFree, holder, isLeft }) => (
          <li
            key={gpu}
            className={`${classes.gpu} ${isFree ? classes.free : holder ? classes.own : classes.elsewhere}`}
            title={isLeft ? "The settings name this GPU no more" : undefined}
          >
            <span className={classes.number}>
              <span className="visually-hidden">GPU </span>
              {gpu}
            </span>
            {holder === undefined ? (
              <span className={classes.who}>{isFree ? "free" : "another workspace"}</span>
            ) : (
              <Link to="/runs/$runId" params={{ runId: holder.runId }} className={classes.who}>
                {holder.displayName ?? holder.runId}
              </Link>
            )}
          </li>
        ))}
      </ul>
      {!all && cells.length > FEW && (
        <Button size="small" onClick={() => setAll(true)}>
          Show {counted(cells.length - FEW, "more GPU")}
        </Button>
      )}
    </>
  );
}
