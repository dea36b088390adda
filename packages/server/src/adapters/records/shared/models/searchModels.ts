// Lists of models, of versions and of assets. The index of what is newest is walked, or that of a run; all else is a condition.
import {
  type Asset,
  type AssetField,
  type AssetsAsk,
  type Condition,
  MalachiteError,
  type ModelField,
  type ModelsAsk,
  type ModelVersion,
  type ModelVersionsAsk,
  type Page,
  type Property,
  type RegisteredModel,
  type Scope,
  workspaceKey,
} from "@malachite/core";
import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { Executor } from "../executor.ts";
import { listName, type Term, withNumber } from "../paging.ts";
import { readPage } from "../readPage.ts";
import { ASSET_COLUMNS, type AssetRow, assetOf } from "./assets.ts";
import {
  MODEL_COLUMNS,
  type ModelRow,
  modelsOf,
  VERSION_COLUMNS,
  type VersionRow,
  versionsOf,
} from "./modelRows.ts";

type Column = { readonly name: string; readonly nullable: boolean };
type Field = ModelField | AssetField;
type Columns = { readonly [K in Field]?: Column };
const column = (name: string, nullable = false): Column => ({ name, nullable });

const MODELS: Columns = {
  name: column("m.name"),
  description: column("m.description", true),
  createdAt: column("m.created_at"),
  changedAt: column("m.changed_at"),
};
const VERSIONS: Columns = {
  name: column("m.name"),
  version: column("v.version"),
  description: column("v.description", true),
  runId: column("v.run_id", true),
  source: column("v.source", true),
  stage: column("v.stage"),
  framework: column("v.framework", true),
  createdAt: column("v.created_at"),
  changedAt: column("v.changed_at"),
};
const ASSETS: Columns = {
  name: column("a.name"),
  type: column("a.type", true),
  description: column("a.description", true),
  runId: column("a.run_id", true),
  createdAt: column("a.created_at"),
  changedAt: column("a.changed_at"),
};

type List = {
  readonly name: string;
  readonly from: RawBuilder<unknown>;
  readonly columns: readonly string[];
  readonly fields: Columns;
  readonly maps: { readonly tags: string; readonly properties?: string };
  readonly workspace: string;
  readonly no: string;
};

const MODEL_LIST: List = {
  name: "models",
  from: sql`models as m`,
  columns: MODEL_COLUMNS,
  fields: MODELS,
  maps: { tags: "m.tags" },
  workspace: "m.workspace_no",
  no: "m.no",
};
const VERSION_LIST: List = {
  name: "model versions",
  from: sql`model_versions as v inner join models as m on m.no = v.model_no`,
  columns: VERSION_COLUMNS,
  fields: VERSIONS,
  maps: { tags: "v.tags", properties: "v.properties" },
  workspace: "v.workspace_no",
  no: "v.no",
};
const ASSET_LIST: List = {
  name: "assets",
  from: sql`assets as a`,
  columns: ASSET_COLUMNS,
  fields: ASSETS,
  maps: { tags: "a.tags", properties: "a.properties" },
  workspace: "a.workspace_no",
  no: "a.no",
};

/** See `AssetStore.list`. */
export const listAssets = (db: Executor, scope: Scope, ask: AssetsAsk): Promise<Page<Asset>> =>
  search<AssetRow, Asset>(db, scope, ask, ASSET_LIST, [], async (_db, of, rows) =>
    rows.map((row) => assetOf(row, of)),
  );

/** See `ModelRegistry.searchModels`. */
export const searchModels = (db: Executor, scope: Scope, ask: ModelsAsk): Promise<Page<RegisteredModel>> =>
  search<ModelRow, RegisteredModel>(db, scope, ask, MODEL_LIST, [], modelsOf);

const IS_LATEST = sql<SqlBool>`v.version = (select max(o.version) from model_versions as o where o.model_no = v.model_no)`;

/** See `ModelRegistry.searchVersions`. */
export const searchVersions = (
  db: Executor,
  scope: Scope,
  { latest = false, ...ask }: ModelVersionsAsk,
): Promise<Page<ModelVersion>> => {
  const list = latest ? { ...VERSION_LIST, name: "latest model versions" } : VERSION_LIST;
  return search<VersionRow, ModelVersion>(db, scope, ask, list, latest ? [IS_LATEST] : [], versionsOf);
};

type Order = { readonly by: Field; readonly descending: boolean };
type Ask = {
  readonly conditions?: readonly Condition<Field>[];
  readonly order?: readonly Order[];
  readonly after?: string;
  readonly limit: number;
};

async function search<R extends object, T>(
  db: Executor,
  scope: Scope,
  ask: Ask,
  list: List,
  always: readonly RawBuilder<SqlBool>[],
  read: (db: Executor, scope: Scope, rows: readonly R[]) => Promise<T[]>,
): Promise<Page<T>> {
  const { conditions = [], order = [] } = ask;
  const wanted = conditions.map((condition) => conditionOf(db, list, condition));
  const page = {
    name: listName(list.name, workspaceKey(scope), conditions, order),
    columns: sql.join(list.columns.map((one) => sql.raw(one))),
    from: list.from,
    terms: withNumber(
      [...order, NEWEST].map((one) => termOf(list, one)),
      sql.ref<number>(list.no),
    ),
    where: (workspace: number) => [
      sql<SqlBool>`${sql.ref(list.workspace)} = ${workspace}`,
      ...always,
      ...wanted,
    ],
  };
  return readPage(db, scope, page, ask, (rows: readonly R[], of) => read(db, of, rows));
}

const NEWEST: Order = { by: "createdAt", descending: true };

function termOf(list: List, { by, descending }: Order): Term {
  const found = list.fields[by] ?? refuse(by);
  return { value: sql.ref(found.name), nullable: found.nullable, descending };
}

const SIGN = { eq: "=", ne: "<>", gt: ">", ge: ">=", lt: "<", le: "<=" } as const;

function conditionOf(db: Executor, list: List, condition: Condition<Field>): RawBuilder<SqlBool> {
  const left = propertyOf(db, list, condition.on);
  switch (condition.is) {
    case "differs":
      return sql<SqlBool>`${left} is distinct from ${db.dialect.constant(condition.value)}`;
    case "set":
      return sql<SqlBool>`${left} is not null`;
    case "like":
    case "ilike":
      return db.dialect[condition.is](left, condition.pattern);
    case "in":
      return condition.values.length === 0
        ? sql<SqlBool>`1 = 0`
        : sql<SqlBool>`${left} in (${sql.join(condition.values.map(db.dialect.constant))})`;
    default:
      return sql<SqlBool>`${left} ${sql.raw(SIGN[condition.is])} ${db.dialect.constant(condition.value)}`;
  }
}

function propertyOf(db: Executor, list: List, on: Property<Field>): RawBuilder<string | number | null> {
  if (on.of === "field") return sql.ref((list.fields[on.name] ?? refuse(on.name)).name);
  const map = list.maps[on.of] ?? refuse(on.of);
  return db.dialect.label(sql.ref(map), undefined, on.key);
}

function refuse(name: string): never {
  throw new MalachiteError("BadFilter", `This list is not searched or ordered by ${name}.`, {
    target: "filter",
  });
}
