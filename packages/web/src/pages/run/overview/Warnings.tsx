// What a run was warned of.
import type { Run } from "@malachite/client";
import { TriangleAlert } from "lucide-react";
import why from "./WhyPanel.module.css";

/** Shows nothing where there are none. */
export function Warnings({ warnings = [] }: { readonly warnings: Run["warnings"] }) {
  if (warnings.length === 0) return null;
  return (
    <section className={why.why} aria-label="Warnings">
      <TriangleAlert aria-hidden />
      <ul>
        {warnings.map(({ source, message }, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: two warnings may say the same
          <li key={at}>
            <p>{message}</p>
            {source && <p className={why.numbers}>{source}</p>}
          </li>
        ))}
      </ul>
    </section>
  );
}
