// MLflow's search language for models becomes the registry's conditions. Pure.
import { MalachiteError } from "../../domain/failure/malachiteError.ts";
import type { ModelCondition, ModelField, ModelOrder, ModelsAsk } from "../../domain/model/search.ts";
import { parseSearch, parseSearchOrder } from "../../domain/query/mlflow/parseSearch.ts";
import type { SearchClause, SearchKey, SearchOrder } from "../../domain/query/mlflow/search.ts";
import {
  MODEL_VERSION_SEARCH,
  REGISTERED_MODEL_SEARCH,
  type SearchSubject,
} from "../../domain/query/mlflow/subjects.ts";
import type { SearchText } from "./trackingFlow.ts";

const FIELDS: Readonly<Record<string, ModelField>> = {
  name: "name",
  run_id: "runId",
  source_path: "source",
  version_number: "version",
  creation_timestamp: "createdAt",
  last_updated_timestamp: "changedAt",
};

const BY_NAME: readonly ModelOrder[] = [{ by: "name", descending: false }];
const NEWEST: readonly ModelOrder[] = [
  { by: "changedAt", descending: true },
  { by: "name", descending: false },
  { by: "version", descending: true },
];

/** In order of name unless another is asked for. Throws BadFilter. */
export const modelSearch = (ask: SearchText): ModelsAsk => searchOf(ask, REGISTERED_MODEL_SEARCH, BY_NAME);

/** The last changed first unless another order is asked for. Throws BadFilter. */
export const versionSearch = (ask: SearchText): ModelsAsk => searchOf(ask, MODEL_VERSION_SEARCH, NEWEST);

const searchOf = (
  { filter, orderBy, after, limit }: SearchText,
  subject: SearchSubject,
  usual: readonly ModelOrder[],
): ModelsAsk => ({
  conditions: parseSearch(filter ?? "", subject).map(conditionOf),
  order: ordersOf(parseSearchOrder(orderBy ?? [], subject), usual),
  ...(after === undefined ? {} : { after }),
  limit,
});

const ordersOf = (asked: readonly SearchOrder[], usual: readonly ModelOrder[]): readonly ModelOrder[] =>
  asked.length === 0 ? usual : asked.map(({ key, descending }) => ({ by: fieldOf(key), descending }));

function fieldOf({ of, key }: SearchKey): ModelField {
  const field = of === "attribute" ? FIELDS[key] : undefined;
  if (field) return field;
  throw new MalachiteError("BadFilter", `Models are not ordered by ${of}.${key.slice(0, 60)}.`, {
    target: "order_by",
  });
}

/** Clients of MLflow 3 ask for models that are no prompts by this tag, and mean those without it too. */
const PROMPT_TAG = "mlflow.prompt.is_prompt";

const WORDS = { "=": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge" } as const;

function conditionOf({ key, comparator, value }: SearchClause): ModelCondition {
  const on =
    key.of === "tag" ? { of: "tags" as const, key: key.key } : { of: "field" as const, name: fieldOf(key) };
  if (key.of === "tag" && key.key === PROMPT_TAG && comparator === "!=")
    return { on, is: "differs", value: String(value) };
  switch (comparator) {
    case "LIKE":
      return { on, is: "like", pattern: String(value) };
    case "ILIKE":
      return { on, is: "ilike", pattern: String(value) };
    case "IN":
      return { on, is: "in", values: value as readonly string[] };
    case "NOT IN":
    case "IS NULL":
    case "IS NOT NULL":
      throw new MalachiteError("BadFilter", `Models are not searched with ${comparator}.`, {
        target: "filter",
      });
    default:
      return { on, is: WORDS[comparator], value: value as string | number };
  }
}
