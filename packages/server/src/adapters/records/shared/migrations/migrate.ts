// Brings a database up to this program's tables, one migration a transaction. Forward only.
import { MalachiteError } from "@malachite/core";
import { CompiledQuery } from "kysely";
import type { Executor } from "../executor.ts";
import { first } from "./0001-first.ts";
import { models } from "./0002-models.ts";
import { environments } from "./0003-environments.ts";
import { metrics } from "./0004-metrics.ts";
import { assets } from "./0005-assets.ts";
import { tracking } from "./0006-tracking.ts";
import { datastores } from "./0007-datastores.ts";
import { latestMetrics } from "./0008-latest-metrics.ts";
import { queue } from "./0009-queue.ts";
import { registryPasswords } from "./0010-registry-passwords.ts";
import { tables } from "./0011-tables.ts";
import { servers } from "./0012-servers.ts";
import { quotas } from "./0013-quotas.ts";
import { shares } from "./0014-shares.ts";
import { imports } from "./0015-imports.ts";
import { retention } from "./0016-retention.ts";
import { snapshots } from "./0017-snapshots.ts";
import { keptFiles } from "./0018-kept-files.ts";
import { refusals } from "./0019-refusals.ts";
import { namedFiles } from "./0020-named-files.ts";
import { recordsId } from "./0021-records-id.ts";
import type { Migration } from "./migration.ts";

export const MIGRATIONS: readonly Migration[] = [
  first,
  models,
  environments,
  metrics,
  assets,
  tracking,
  datastores,
  latestMetrics,
  queue,
  registryPasswords,
  tables,
  servers,
  quotas,
  shares,
  imports,
  retention,
  snapshots,
  keptFiles,
  refusals,
  namedFiles,
  recordsId,
];

/** Runs `work` in one transaction. */
export type Transact = (work: () => Promise<void>) => Promise<void>;

/** Throws StorageFailed when the database was written by a newer program; then nothing is changed. */
export async function migrate(
  db: Executor,
  transact: Transact,
  at: number,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<void> {
  const { integer, text } = db.dialect.types;
  await transact(async () => {
    await db.all(
      CompiledQuery.raw(
        `create table if not exists schema_migrations (number ${integer} primary key, name ${text} not null, applied_at ${integer} not null)`,
      ),
    );
  });
  const done = await db.all(
    db.build.selectFrom("schema_migrations").select("number").orderBy("number").compile(),
  );
  const last = done.at(-1)?.number ?? 0;
  const newest = migrations.at(-1)?.number ?? 0;
  if (last > newest)
    throw new MalachiteError(
      "StorageFailed",
      `The run records were written by a newer Malachite (schema ${last}; this one knows schemas up to ${newest}). Start that version or a newer one; this one has changed nothing.`,
    );
  for (const migration of migrations.filter(({ number }) => number > last)) {
    await transact(async () => {
      for (const text of migration.up(db.dialect.types)) await db.all(CompiledQuery.raw(text));
      const { number, name } = migration;
      await db.all(
        db.build.insertInto("schema_migrations").values({ number, name, applied_at: at }).compile(),
      );
    });
  }
}
