// How a further target is added.
import { CodeBlock } from "../../parts/Copy.tsx";
import classes from "./AddTarget.module.css";
import { WAYS_TO_ADD } from "./moreTargets.ts";

/** `open`: there is only what every service has. */
export function AddTarget({ open }: { readonly open: boolean }) {
  return (
    <details className={classes.add} open={open}>
      <summary>Add a target</summary>
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
