// What names files of runs, as `dcid.RUN` in paths and links: definitions, assets, versions of models. Both sides look in their own transaction, and
// transactions that write come one after the other: a name that is there keeps the files, and one that comes after they went is refused.
import { MalachiteError } from "@malachite/core";
import { sql } from "kysely";
import type { Executor } from "../executor.ts";
import { FILES } from "./endedRuns.ts";

/** How a run's files are named in paths and links. */
export const CONTAINER = "dcid.";
const NAMED = /dcid\.([A-Za-z0-9_-]+)/g;

/** The runs of which a text names files, each once. */
const namedIn = (text: string): readonly string[] => [
  ...new Set([...text.matchAll(NAMED)].map(([, id]) => id as string)),
];

/** The source of a model may also name a run by itself, between two slashes: `runs:/RUN/PATH`. */
const namedInSource = (source: string): readonly string[] => [
  ...new Set([...namedIn(source), ...source.split("/").slice(1, -1)]),
];

/** What `run_work.names` keeps of a definition. */
export const namesOf = (definition: string | null): string | null => {
  const ids = namedIn(definition ?? "");
  return ids.length === 0 ? null : ids.map((id) => `${CONTAINER}${id}`).join(" ");
};

/** Whether the definition of a run that has not ended, or whose target is still to be freed, names files of the run. */
export async function isNamed(db: Executor, workspace: number, id: string): Promise<boolean> {
  const names = sql.ref<string>("names");
  const query = sql<{ names: string }>`select names from run_work where workspace_no = ${workspace}
    and names is not null and ${db.dialect.test("contains", names, `${CONTAINER}${id}`)}`;
  // One name may begin like another.
  return (await db.all(query.compile(db.build))).some((row) => namedIn(row.names).includes(id));
}

/** Throws ArtifactNotFound for names of files that retention has removed, or is about to. */
export const refuseGone = (db: Executor, workspace: number, names: string): Promise<void> =>
  refuse(db, workspace, namedIn(names), "The definition", "configuration");

/** As above, of the files of an asset. */
export const refuseGoneFiles = (db: Executor, workspace: number, files: string): Promise<void> =>
  refuse(db, workspace, namedIn(files), "The asset", "artifacts");

/** As above, of the source of a version of a model. */
export const refuseGoneSource = (db: Executor, workspace: number, source: string): Promise<void> =>
  refuse(db, workspace, namedInSource(source), "The version of the model", "source");

/** What came into a run's folder since then may be named. */
async function refuse(
  db: Executor,
  workspace: number,
  named: readonly string[],
  what: string,
  target: string,
): Promise<void> {
  if (named.length === 0) return;
  const ids = sql`(select value from ${db.dialect.texts(sql`${JSON.stringify(named)}`)} as listed)`;
  const query = sql<{
    id: string;
  }>`select id from removed_runs where workspace_no = ${workspace} and id in ${ids}
    union all select r.id from runs as r join run_files as f on f.run_no = r.no
      left join kept_files as k on k.workspace_no = r.workspace_no and k.container_id = r.container_id
      where r.workspace_no = ${workspace} and r.id in ${ids}
        and (f.state = ${FILES.going} or f.state = ${FILES.gone} and coalesce(k.bytes + k.pending, 0) = 0)
    limit 1`;
  const [gone] = await db.all(query.compile(db.build));
  if (gone === undefined) return;
  throw new MalachiteError(
    "ArtifactNotFound",
    `${what} names files of the run '${gone.id}' (${CONTAINER}${gone.id}), which were removed by the retention of this service. Name files that are there, or make these anew.`,
    { target },
  );
}
