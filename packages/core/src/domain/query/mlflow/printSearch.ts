// A search as text that parseSearch reads back. For messages, tests and clients that build searches as data. Pure.
import type { SearchClause, SearchKey, SearchOrder } from "./search.ts";

/** Every key in backticks, every text in single quotes. */
export const printSearch = (clauses: readonly SearchClause[]): string =>
  clauses.map(printClause).join(" AND ");

export const printSearchOrder = ({ key, descending }: SearchOrder): string =>
  `${printKey(key)} ${descending ? "DESC" : "ASC"}`;

function printClause({ key, comparator, value }: SearchClause): string {
  if (value === undefined) return `${printKey(key)} ${comparator}`;
  const shown = Array.isArray(value)
    ? `(${value.map(quoted).join(", ")})`
    : printValue(value as string | number);
  return `${printKey(key)} ${comparator} ${shown}`;
}

const printKey = ({ of, key }: SearchKey): string => `${of}.\`${key.replaceAll("`", "``")}\``;
const printValue = (value: string | number): string =>
  typeof value === "number" ? String(value) : quoted(value);
const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
