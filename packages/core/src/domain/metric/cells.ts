// Cells of metrics as clients send them, read as the type of their column.
import type { MetricCell, MetricColumnType } from "./metric.ts";

const TYPES: Readonly<Record<string, MetricColumnType>> = {
  int: "int",
  integer: "int",
  long: "int",
  double: "double",
  float: "double",
  number: "double",
  string: "string",
  str: "string",
  bool: "bool",
  boolean: "bool",
  artifact: "artifact",
  none: "none",
  null: "none",
};
const NUMBER = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$/i;
const NON_FINITE: Readonly<Record<string, number>> = {
  nan: Number.NaN,
  inf: Number.POSITIVE_INFINITY,
  infinity: Number.POSITIVE_INFINITY,
};

/** The type of a column by its name in whatever spelling; undefined for a name that is none. */
export const columnType = (name: string): MetricColumnType | undefined => {
  const key = name.toLowerCase();
  return Object.hasOwn(TYPES, key) ? TYPES[key] : undefined;
};

/** A number that came as a text: digits, or the name of NaN or of an infinity as Python or .NET writes it. */
export function numberOf(text: string): number | undefined {
  if (NUMBER.test(text)) return Number(text);
  const [, sign, name = ""] = /^\s*([+-]?)(nan|inf(?:inity)?)\s*$/i.exec(text) ?? [];
  const value = NON_FINITE[name.toLowerCase()];
  return value === undefined ? undefined : sign === "-" ? -value : value;
}

export type ReadCell = { readonly cell: MetricCell; readonly type: MetricColumnType };

/**
 * The cell, and the type that its column must have to hold it: an int column that is given a fraction becomes double, one of
 * nothing so far whatever comes. Undefined when the value is none of that type.
 */
export function readCell(value: unknown, type: MetricColumnType): ReadCell | undefined {
  if (value === null || value === undefined) return { cell: null, type };
  if (typeof value === "object") return undefined;
  switch (type) {
    case "none": {
      const own = typeOf(value);
      return own && { cell: value as MetricCell, type: own };
    }
    case "int":
    case "double": {
      const number =
        typeof value === "string" ? numberOf(value) : typeof value === "boolean" ? Number(value) : value;
      if (typeof number !== "number") return undefined;
      return { cell: number, type: type === "int" && Number.isInteger(number) ? "int" : "double" };
    }
    case "bool": {
      const word = typeof value === "string" ? value.toLowerCase() : value;
      if (typeof word === "boolean") return { cell: word, type };
      return word === "true" || word === "false" ? { cell: word === "true", type } : undefined;
    }
    case "artifact":
      return typeof value === "string" ? { cell: value, type } : undefined;
    case "string":
      // A list that begins with a text is a column of texts to the SDK, whatever follows.
      return { cell: value as MetricCell, type };
  }
}

/** The type that a value says itself. */
export function typeOf(value: unknown): MetricColumnType | undefined {
  switch (typeof value) {
    case "number":
      return Number.isInteger(value) ? "int" : "double";
    case "boolean":
      return "bool";
    case "string":
      return "string";
    default:
      return value === null || value === undefined ? "none" : undefined;
  }
}
