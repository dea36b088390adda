// A word and what is chosen by it, in a bar above something.
import type { ReactNode } from "react";
import classes from "./Choice.module.css";

/** `children` is one field; the word is its label. */
export function Choice({ word, children }: { readonly word: string; readonly children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the field is the child
    <label className={classes.choice}>
      <span>{word}</span>
      {children}
    </label>
  );
}
