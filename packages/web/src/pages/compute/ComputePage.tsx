// Compute targets: which there are, whether they can be used, what they have, and who has it.
import { useQueries, useQuery } from "@tanstack/react-query";
import { Empty, Waiting } from "../../parts/Empty.tsx";
import { FaultNote } from "../../parts/FaultNote.tsx";
import { targetsQuery } from "../../service/queries.ts";
import { useWorkspace } from "../../service/service.tsx";
import { AddTarget } from "./AddTarget.tsx";
import classes from "./ComputePage.module.css";
import { LineCard } from "./LineCard.tsx";
import { sharedLines } from "./lines.ts";
import { MachineFacts } from "./MachineFacts.tsx";
import { QuotaBars } from "./QuotaBars.tsx";
import { lineHeadQuery } from "./queueQueries.ts";

/** A card for each line; targets that share one are in one card. */
export function ComputePage() {
  const workspace = useWorkspace();
  const targets = useQuery(targetsQuery(workspace));
  const heads = useQueries({
    queries: (targets.data ?? []).map(({ name }) => lineHeadQuery(workspace, name)),
  });
  if (targets.data === undefined)
    return targets.error ? (
      <FaultNote error={targets.error} again={() => void targets.refetch()} />
    ) : (
      <Waiting what="Asking the targets" />
    );
  // Before all have answered nobody knows which belong together.
  const isKnown = heads.every(({ isPending }) => !isPending);
  const lines = sharedLines(
    targets.data,
    heads.map(({ data, error }) => ({ queue: data, error: data === undefined ? error : undefined })),
  );
  const [first] = targets.data;
  return (
    <div className={classes.page}>
      <h1>Compute and queue</h1>
      {first === undefined ? (
        <Empty title="The settings name no target" />
      ) : (
        <MachineFacts target={(targets.data.find(({ name }) => name === "local") ?? first).name} />
      )}
      <QuotaBars />
      {isKnown ? (
        <div className={classes.cards}>
          {lines.map((line) => (
            <LineCard key={line.targets[0]?.name} line={line} />
          ))}
        </div>
      ) : (
        <Waiting />
      )}
      <AddTarget open={targets.data.length < 2} />
    </div>
  );
}
