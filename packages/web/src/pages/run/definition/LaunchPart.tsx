// The command of a run as it was started, and where.
import type { WholeRunDefinition } from "@malachite/client";
import { CodeBlock } from "../../../parts/Copy.tsx";
import { Empty } from "../../../parts/Empty.tsx";
import { quoted } from "../copyAs/shell.ts";
import classes from "./DefinitionTab.module.css";

/** It is known from the time the run was prepared on. */
export function LaunchPart({ launch }: { readonly launch: WholeRunDefinition["launch"] }) {
  if (launch === undefined)
    return (
      <Empty title="It has no command yet">
        <p>The command is made when its environment is there.</p>
      </Empty>
    );
  const { target, kind, argv, variables, nodes, processes, gpus } = launch;
  return (
    <>
      <dl className={classes.facts}>
        <div>
          <dt>Compute target</dt>
          <dd>
            {target} ({kind})
          </dd>
        </div>
        <div>
          <dt>Nodes</dt>
          <dd>{nodes}</dd>
        </div>
        {gpus !== undefined && (
          <div>
            <dt>GPUs</dt>
            <dd>{gpus.length === 0 ? "none" : gpus.join(", ")}</dd>
          </div>
        )}
        <div>
          <dt>Variables</dt>
          <dd className={classes.names}>
            {variables.map((name) => (
              <code key={name}>{name}</code>
            ))}
          </dd>
        </div>
      </dl>
      {processes === undefined ? (
        <CodeBlock what="The command" code={argv.map(quoted).join(" ")} />
      ) : (
        processes.map(({ name, node, argv: words, log }) => (
          <div key={name} className={classes.process}>
            <h3>
              {name} on node {node}, log {log}
            </h3>
            <CodeBlock what={`The command of ${name}`} code={words.map(quoted).join(" ")} />
          </div>
        ))
      )}
    </>
  );
}
