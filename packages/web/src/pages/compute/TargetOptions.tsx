// What the settings say of a target.
import { useQuery } from "@tanstack/react-query";
import { targetQuery } from "../../service/queries.ts";
import { useWorkspace } from "../../service/service.tsx";
import classes from "./TargetOptions.module.css";

/** Nothing for a target without options, and for the one that stands for any name. */
export function TargetOptions({ name }: { readonly name: string }) {
  const { data } = useQuery({ ...targetQuery(useWorkspace(), name), enabled: name !== "*" });
  const options = Object.entries(data?.options ?? {});
  if (options.length === 0) return null;
  return (
    <dl className={classes.options} aria-label="Options">
      {options.map(([option, value]) => (
        <div key={option}>
          <dt>{option}</dt>
          <dd>{typeof value === "string" ? value : JSON.stringify(value)}</dd>
        </div>
      ))}
    </dl>
  );
}
