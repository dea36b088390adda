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
          <section key={name} aria-label={name}>
            <h3>{name}</h3>
            <p>{about}</p>
            <CodeBlock code={code} what={name} />
          </section>
        ))}
      </div>
    </details>
  );
}
