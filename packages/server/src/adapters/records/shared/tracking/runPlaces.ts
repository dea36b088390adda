// What MLflow's search can name of a run, as SQL over `runs as r` and `experiments as e`.
import { NOTE_TAG, PARENT_TAG, RUN_NAME_TAG, type SearchKey, STATE_OF } from "@malachite/core";
import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { Dialect } from "../executor.ts";
import { labelText } from "../labels.ts";
import { NOT_STARTED_AT } from "../schema.ts";
import { finite, type Place, type Places } from "./searchSql.ts";

const states = Object.entries(STATE_OF).map(([status, state]) => sql`when ${status} then ${state}`);

export const runPlaces =
  (dialect: Dialect): Places =>
  ({ of, key }: SearchKey): Place | undefined => {
    const bare = (name: string) => dialect.noIndex(sql.ref<string | number | null>(name));
    switch (of) {
      case "attribute":
        return attribute(key, bare);
      case "metric":
        return metric(key);
      case "param":
        return {
          value: sql`(select p.value from run_params as p where p.run_no = r.no and p.key = ${key})`,
          where: (clause, test) =>
            clause.comparator === "=" ? labelled("params", key, String(clause.value)) : test(paramOf(key)),
        };
      case "tag":
        return tag(key, dialect, bare);
      case "dataset":
        return {
          value: sql`null`,
          where: (_clause, test) =>
            sql<SqlBool>`exists (select 1 from run_datasets as d where d.run_no = r.no and ${test(sql.ref(`d.${key}`))})`,
        };
    }
  };

const paramOf = (key: string): RawBuilder<string | null> =>
  sql`(select p.value from run_params as p where p.run_no = r.no and p.key = ${key})`;

/** Asked of the index of labels, without a look into the run. */
const labelled = (kind: "tags" | "params", key: string, value: string): RawBuilder<SqlBool> =>
  sql<SqlBool>`(select 1 from run_labels as l where l.workspace_no = r.workspace_no and l.kind = ${kind}
    and l.key = ${labelText(key)} and l.value = ${labelText(value)} and l.created_at = r.created_at and l.run_no = r.no) = 1`;

function attribute(key: string, bare: (name: string) => Place["value"]): Place | undefined {
  switch (key) {
    case "run_id":
      return { value: bare("r.id"), always: true };
    case "run_name":
      return { value: bare("r.display_name") };
    case "experiment_id":
      return { value: bare("e.id"), always: true };
    case "user_id":
      return { value: bare("r.created_by"), always: true };
    case "status":
      return { value: sql`case r.status ${sql.join(states, sql` `)} else 'RUNNING' end`, always: true };
    case "artifact_uri":
      return { value: sql`'mlflow-artifacts:/' || r.container_id`, always: true };
    case "start_time":
      return { value: sql`nullif(r.started_at, ${NOT_STARTED_AT})` };
    case "end_time":
      return { value: bare("r.ended_at") };
    default:
      return undefined;
  }
}

function metric(name: string): Place {
  const latest = sql.ref<number | null>("m.latest_value");
  const of = <T>(what: RawBuilder<T>) =>
    sql<T>`(select ${what} from metrics as m where m.run_no = r.no and m.namespace = '' and m.name = ${name} and m.has_latest = 1)`;
  return {
    value: of(latest),
    ranked: {
      rank: sql<number>`coalesce(${of(sql`case when ${latest} is null then 1 else 0 end`)}, 2)`,
      value: of(finite(latest)),
    },
  };
}

function tag(key: string, dialect: Dialect, bare: (name: string) => Place["value"]): Place {
  const label = dialect.label(sql.ref("r.about"), "tags", key);
  switch (key) {
    case RUN_NAME_TAG:
      return { value: bare("r.display_name") };
    case NOTE_TAG:
      return { value: dialect.label(sql.ref("r.about"), undefined, "description") };
    case PARENT_TAG:
      return { value: sql`coalesce(${label}, r.parent_id)` };
    case "mlflow.user":
      return { value: sql`coalesce(${label}, r.created_by)` };
    default:
      return {
        value: label,
        where: (clause, test) =>
          clause.comparator === "=" ? labelled("tags", key, String(clause.value)) : test(label),
      };
  }
}
