// Rows as an archive holds them: lists of texts, numbers and nulls, with the numbers that rows have in the store they came from. What comes
// from an archive is checked value by value, and its numbers are moved to free ones.
import { MalachiteError } from "@malachite/core";
import type { Column, MovedTable, Numbered } from "./movedTables.ts";

export type Value = string | number | null;
export type Row = readonly Value[];

/** The first and the last number that the rows of a table have. */
export type Span = { readonly first: number; readonly last: number };
export type Spans = Readonly<Partial<Record<Numbered, Span>>>;

/** More numbers than any table has rows: what an archive may take of them. */
const MOST_NUMBERS = 2 ** 44;

/** A number that JSON does not know, as a list of one text. */
type Odd = readonly ["inf" | "-inf" | "-0"];
export type Written = Value | Odd;

export const written = (value: Value): Written => {
  if (typeof value !== "number" || (Number.isFinite(value) && !Object.is(value, -0))) return value;
  return [value > 0 ? "inf" : value < 0 ? "-inf" : "-0"];
};

const ODD: Readonly<Record<string, number>> = {
  inf: Number.POSITIVE_INFINITY,
  "-inf": Number.NEGATIVE_INFINITY,
  "-0": -0,
};

const bad = (table: string, column: string, why: string): MalachiteError =>
  new MalachiteError("BadExport", `The archive has a row of ${table} whose ${column} ${why}.`);

/** A row of the JSON of an archive, as values. Throws BadExport. */
export function rowOf(table: string, columns: readonly string[], sent: unknown): Value[] {
  if (!Array.isArray(sent) || sent.length !== columns.length)
    throw new MalachiteError(
      "BadExport",
      `The archive has a row of ${table} that has not ${columns.length} values.`,
    );
  return sent.map((value: unknown, i) => {
    if (value === null || typeof value === "string") return value;
    if (typeof value === "number" && Number.isFinite(value)) return value;
    const odd = Array.isArray(value) && value.length === 1 ? ODD[String(value[0])] : undefined;
    if (odd !== undefined) return odd;
    throw bad(table, String(columns[i]), "is no value of a table");
  });
}

/** Checks what the head of an archive says of its numbers. Throws BadExport. */
export function checkSpans(spans: Spans): void {
  for (const [table, { first, last }] of Object.entries(spans))
    if (!isWhole(first) || !isWhole(last) || first < 1 || last < first || last - first > MOST_NUMBERS)
      throw new MalachiteError("BadExport", `The archive has no proper numbers of ${table}.`);
}

const isWhole = (value: unknown): value is number => Number.isSafeInteger(value);

/** Of what an imported row is made. */
export type Landing = {
  readonly workspaceNo: number;
  /** Those of the archive. */
  readonly spans: Spans;
  /** The number here of the first of each table. */
  readonly bases: Readonly<Partial<Record<Numbered, number>>>;
  /** A sealed text as this service's key seals it. */
  readonly reseal: (sealed: string) => string | null;
};

/** The row as it is written here. Throws BadExport naming what no row of the table can have. */
export function landed(table: MovedTable, row: Row, landing: Landing): Value[] {
  return Object.entries(table.columns).map(([column, kind], i) => {
    const value = row[i] as Value;
    if (value === null) {
      if (kind.endsWith("?")) return null;
      throw bad(table.name, column, "is missing");
    }
    return landedValue(table.name, column, kind, value, landing);
  });
}

function landedValue(
  table: string,
  column: string,
  kind: Column,
  value: string | number,
  { workspaceNo, spans, bases, reseal }: Landing,
): Value {
  const plain = kind.replace("?", "");
  switch (plain) {
    case "workspace":
      return workspaceNo;
    case "integer":
      if (!isWhole(value)) throw bad(table, column, "is no whole number");
      return value;
    case "real":
      if (typeof value !== "number") throw bad(table, column, "is no number");
      return value;
    case "text":
      if (typeof value !== "string") throw bad(table, column, "is no text");
      return value;
    case "json":
      if (typeof value !== "string" || !isJson(value)) throw bad(table, column, "is no JSON");
      return value;
    case "sealed":
      if (typeof value !== "string") throw bad(table, column, "is no text");
      return reseal(value);
  }
  const of = (plain === "no" ? table : plain.slice(1)) as Numbered;
  const span = spans[of];
  if (!isWhole(value) || span === undefined || value < span.first || value > span.last)
    throw bad(table, column, `is the number of no row of ${of} in it`);
  return (bases[of] as number) + value - span.first;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
