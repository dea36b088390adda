// Buttons, and links that look like them.
import type { ComponentProps, ReactNode } from "react";
import classes from "./Button.module.css";

type Look = {
  /** primary: the one thing to do here; danger: what cannot be taken back; bare: an icon in a row of them. */
  readonly kind?: "primary" | "plain" | "danger" | "bare";
  readonly size?: "small";
};

/** A button. Without words in it, `aria-label` says what it does. */
export function Button({ kind = "plain", size, className, ...rest }: Look & ComponentProps<"button">) {
  return <button type="button" {...rest} className={buttonClass({ kind, size }, className)} />;
}

/** The classes of a button, for a link. */
export const buttonClass = ({ kind = "plain", size }: Look, more = ""): string =>
  `${classes.button} ${classes[kind]} ${size === undefined ? "" : classes[size]} ${more}`;

/** Buttons side by side, as one group. */
export function ButtonGroup({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    <fieldset aria-label={label} className={classes.group}>
      {children}
    </fieldset>
  );
}
