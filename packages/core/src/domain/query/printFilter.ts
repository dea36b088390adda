// A filter as text that parseFilter reads back. For messages, tests and clients that build filters as data. Pure.
import type { Field, Filter, Literal } from "./filter.ts";

/** Brackets only where they are needed; every key and text in quotes. */
export function printFilter(filter: Filter): string {
  switch (filter.op) {
    case "and":
    case "or":
      return filter.parts.map((part) => printInside(part)).join(` ${filter.op} `);
    case "not":
      return `not ${printInside(filter.part)}`;
    case "contains":
    case "startswith":
    case "endswith":
      return `${filter.op}(${printField(filter.field)}, ${quoted(filter.text)})`;
    default:
      return `${printField(filter.field)} ${filter.op} ${printLiteral(filter.literal)}`;
  }
}

const printInside = (filter: Filter): string =>
  filter.op === "and" || filter.op === "or" ? `(${printFilter(filter)})` : printFilter(filter);

const printField = (field: Field): string =>
  field.of === "field"
    ? field.name
    : `${field.of === "traits" ? "runtypev2/traits" : field.of}/${quoted(field.key)}`;

function printLiteral({ value, date }: Literal): string {
  if (date && typeof value === "number") return new Date(value).toISOString();
  return typeof value === "string" ? quoted(value) : String(value);
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
