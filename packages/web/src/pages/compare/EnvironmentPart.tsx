// The exact packages of two runs, and their commands, line by line.
import { Empty } from "../../parts/Empty.tsx";
import classes from "./CodePart.module.css";
import type { ComparedRun } from "./comparedRuns.ts";
import { DiffView } from "./DiffView.tsx";

export function EnvironmentPart({
  left,
  right,
}: {
  readonly left: ComparedRun;
  readonly right: ComparedRun;
}) {
  const [a, b] = [left.definition, right.definition];
  const texts: readonly (readonly [string, string, string])[] = [
    ["Packages", a?.environment?.lock ?? "", b?.environment?.lock ?? ""],
    ["Interpreter and image", facts(a), facts(b)],
    ["Command, an argument a line", (a?.launch?.argv ?? []).join("\n"), (b?.launch?.argv ?? []).join("\n")],
    [
      "Names of environment variables",
      (a?.launch?.variables ?? []).join("\n"),
      (b?.launch?.variables ?? []).join("\n"),
    ],
  ];
  const there = texts.filter(([, one, other]) => one !== "" || other !== "");
  if (there.length === 0)
    return (
      <Empty title="Nothing is known yet">
        <p>Environments and commands are known once a run has been prepared.</p>
      </Empty>
    );
  return (
    <div className={classes.part}>
      {there.map(([title, one, other]) => (
        <section key={title} className={classes.file} aria-label={title}>
          <h2 className={classes.told}>
            {title}
            {one === other && ": the same"}
          </h2>
          {one !== other && <DiffView label={`Lines of ${title}`} left={one} right={other} />}
        </section>
      ))}
    </div>
  );
}

const facts = (definition: ComparedRun["definition"]): string =>
  Object.entries({
    name: definition?.environment?.name,
    version: definition?.environment?.version,
    python: definition?.environment?.python,
    image: definition?.environment?.image,
  })
    .flatMap(([name, value]) => (value ? `${name}: ${value}` : []))
    .join("\n");
