// What lists of runs and experiments can be filtered and ordered by. Stores have a column for each name in here.
import { history } from "@malachite/contract";
import type { Field } from "./filter.ts";

export type FieldType = "text" | "number" | "date" | "boolean";

export type FieldInfo = {
  /** Lower-case wire name: what a Filter carries. */
  readonly name: string;
  /** As people write it. */
  readonly shown: string;
  readonly type: FieldType;
  /** Values that are matched without regard to case. */
  readonly words?: readonly string[];
};

/** What is addressed by a key, behind its lower-case wire name and a slash. */
export type MapName = Exclude<Field, { readonly of: "field" }>["of"];
const MAPS: ReadonlyMap<string, MapName> = new Map([
  ["tags", "tags"],
  ["properties", "properties"],
  ["runtypev2/traits", "traits"],
  ["params", "params"],
  ["metrics", "metrics"],
]);

export type Fields = {
  /** Plural, for messages. */
  readonly subject: "runs" | "experiments";
  /** By lower-case name; other names of the same property lead to the same entry. */
  readonly byName: ReadonlyMap<string, FieldInfo>;
  readonly maps: ReadonlyMap<string, MapName>;
  /** Those of them that lists can be ordered by. */
  readonly ordered: ReadonlySet<MapName>;
};

const fields = (
  subject: Fields["subject"],
  maps: readonly MapName[],
  list: readonly Omit<FieldInfo, "name">[],
  aliases: Readonly<Record<string, string>>,
): Fields => {
  const byName = new Map(
    list.map((info) => [info.shown.toLowerCase(), { ...info, name: info.shown.toLowerCase() }]),
  );
  for (const [alias, name] of Object.entries(aliases)) {
    const info = byName.get(name);
    if (info) byName.set(alias, info);
  }
  return {
    subject,
    byName,
    maps: new Map([...MAPS].filter(([, map]) => maps.includes(map))),
    ordered: new Set(),
  };
};

/** `hidden` is false for a run that does not say; `userId` is the object id, `createdBy` the name of who made the run. */
export const RUN_FIELDS: Fields = fields(
  "runs",
  ["tags", "properties", "traits"],
  [
    { shown: "runId", type: "text" },
    { shown: "runNumber", type: "number" },
    { shown: "status", type: "text", words: history.RUN_STATUSES },
    { shown: "name", type: "text" },
    { shown: "displayName", type: "text" },
    { shown: "createdUtc", type: "date" },
    { shown: "startTimeUtc", type: "date" },
    { shown: "endTimeUtc", type: "date" },
    { shown: "lastModifiedUtc", type: "date" },
    { shown: "target", type: "text" },
    { shown: "runType", type: "text" },
    { shown: "runTypeV2/orchestrator", type: "text" },
    { shown: "scriptName", type: "text" },
    { shown: "parentRunId", type: "text" },
    { shown: "rootRunId", type: "text" },
    { shown: "experimentId", type: "text" },
    { shown: "experimentName", type: "text" },
    { shown: "description", type: "text" },
    { shown: "userId", type: "text" },
    { shown: "createdBy", type: "text" },
    { shown: "hidden", type: "boolean" },
  ],
  {
    createdtimeutc: "createdutc",
    "compute/target": "target",
    username: "createdby",
    "createdby/username": "createdby",
    "createdby/userobjectid": "userid",
  },
);

/** What tables of runs can be filtered and ordered by: what the contract's own lists can, and what MLflow's searches can. */
export const RUN_TABLE_FIELDS: Fields = {
  ...RUN_FIELDS,
  maps: new Map([...RUN_FIELDS.maps, ["params", "params"], ["metrics", "metrics"]]),
  ordered: new Set<MapName>(["tags", "params", "metrics"]),
};

export const EXPERIMENT_FIELDS: Fields = fields(
  "experiments",
  ["tags"],
  [
    { shown: "name", type: "text" },
    { shown: "experimentId", type: "text" },
    { shown: "description", type: "text" },
    { shown: "createdUtc", type: "date" },
    { shown: "archivedTime", type: "date" },
    { shown: "latestCreatedRunCreatedUtc", type: "date" },
    { shown: "latestCreatedRunId", type: "text" },
  ],
  { experimentname: "name", id: "experimentid" },
);

/** The names as people write them, for messages. */
export function shownNames({ byName, maps }: Fields): string {
  const names = [...new Set(byName.values())].map((info) => info.shown);
  return [...names, ...[...maps.keys()].map((map) => `${map}/KEY`)].join(", ");
}
