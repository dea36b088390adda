// How a further target is added.
import { useState } from "react";
import { CodeBlock } from "../../parts/Copy.tsx";
import classes from "./AddTarget.module.css";
import { WAYS_TO_ADD } from "./moreTargets.ts";
import { TargetForm } from "./TargetForm.tsx";

/** `open`, at first: there is only what every service has. */
export function AddTarget({ open }: { readonly open: boolean }) {
  // What was just added must not close what says so.
  const [isOpen, setOpen] = useState(open);
  return (
    <details
      className={classes.add}
      open={isOpen}
      onToggle={({ currentTarget }) => setOpen(currentTarget.open)}
    >
      <summary>Add a target</summary>
      <TargetForm />
      <div className={classes.ways}>
        {WAYS_TO_ADD.map(({ name, about, code }) => (
          <div key={name}>
            <h2>{name}</h2>
            <p>{about}</p>
            <CodeBlock code={code} what={name} />
          </div>
        ))}
      </div>
    </details>
  );
}
