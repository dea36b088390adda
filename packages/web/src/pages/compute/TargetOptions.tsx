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
          <dd>{shown(value)}</dd>
        </div>
      ))}
    </dl>
  );
}

/** A list of texts has a line for each. */
function shown(value: unknown): string {
  if (typeof value === "string") return value;
  const isList = Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === "string");
  return isList ? value.join("\n") : JSON.stringify(value);
}
