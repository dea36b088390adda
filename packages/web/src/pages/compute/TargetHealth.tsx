// Whether a target can be used, and exactly why not.
import type { ComputeTarget } from "@malachite/client";
import { CircleCheck, CircleX } from "lucide-react";
import classes from "./TargetHealth.module.css";

/** Its kind and its state in a word each. */
export function TargetHealth({ target: { kind, usable } }: { readonly target: ComputeTarget }) {
  return (
    <span className={classes.health}>
      <span className={classes.kind}>{kind}</span>
      <span className={usable ? classes.good : classes.bad}>
        {usable ? <CircleCheck aria-hidden /> : <CircleX aria-hidden />}
        {usable ? "usable" : "not usable"}
      </span>
    </span>
  );
}

/** The reasons in full; nothing for one that is well. */
export function TargetReasons({ target }: { readonly target: ComputeTarget }) {
  const { usable, reason, warning, gpusReason } = target;
  return (
    <>
      {!usable && <p className={classes.reason}>{reason ?? "It does not say why."}</p>}
      {warning !== undefined && <p className={`${classes.reason} ${classes.warn}`}>{warning}</p>}
      {gpusReason !== undefined && (
        <p className={`${classes.reason} ${classes.warn}`}>Its runs get no GPUs: {gpusReason}</p>
      )}
    </>
  );
}
