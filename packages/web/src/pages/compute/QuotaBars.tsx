// What this workspace, and who looks, has of the quotas that are set.
import type { QuotaPage } from "@malachite/client";
import { useQuery } from "@tanstack/react-query";
import { shownCount, shownSize } from "../../parts/numbers.ts";
import { useWorkspace } from "../../service/service.tsx";
import classes from "./MachineFacts.module.css";
import { quotasQuery } from "./queueQueries.ts";
import { LevelBar } from "./ShareBar.tsx";

const LABELS = {
  unfinishedRuns: "Unfinished runs",
  runsPerMinute: "Runs in a minute",
  runningRuns: "Runs at work",
  nodes: "Nodes",
  gpus: "GPUs",
  keptBytes: "Files kept",
} as const;
type Name = keyof typeof LABELS;

/** Nothing where no quotas are set. */
export function QuotaBars() {
  const page = useQuery(quotasQuery(useWorkspace())).data;
  if (page === undefined) return null;
  const bars = barsOf(page);
  if (bars.length === 0) return null;
  return (
    <section className={classes.machine} aria-label="Quotas">
      {bars.map(({ key, label, used, most, text }) => (
        <LevelBar key={key} label={label} share={most === 0 ? 1 : used / most} text={text} />
      ))}
    </section>
  );
}

function barsOf({ limits, workspace, users }: QuotaPage) {
  const owners = [
    { key: "workspace", who: "workspace", limits: limits.workspace, used: workspace },
    ...users.map(({ objectId, name, used }) => ({
      key: `user ${objectId}`,
      who: name || objectId,
      limits: limits.user,
      used,
    })),
  ];
  return owners.flatMap((owner) =>
    (Object.keys(LABELS) as Name[]).flatMap((name) => {
      const most = owner.limits[name];
      if (most === undefined) return [];
      const used = owner.used[name];
      const shown = name === "keptBytes" ? shownSize : shownCount;
      return [
        {
          key: `${owner.key} ${name}`,
          label: `${LABELS[name]}, ${owner.who}`,
          text: `${shown(used)} of ${shown(most)}`,
          used,
          most,
        },
      ];
    }),
  );
}
