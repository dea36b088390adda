// The filter of the older API's metric queries, as its clients mean it: `RunId eq a or RunId eq b and name eq loss` is one of these
// runs and that name, though `and` binds stronger elsewhere, and a name needs no quotes, whatever is in it.
import { MalachiteError } from "../failure/malachiteError.ts";
import type { Instant } from "../scope.ts";
import { parseInstant } from "./instants.ts";

export type MetricFilter = {
  readonly runIds?: readonly string[];
  readonly names?: readonly string[];
  readonly types?: readonly string[];
  /** Both inclusive. */
  readonly from?: Instant;
  readonly to?: Instant;
};

const LONGEST = 65_536;
/** A comparison begins the filter, a bracket, or follows `and` or `or`. */
const BEGIN = /(^[\s(]*|\s+(and|or)[\s(]+)(RunId|MetricType|Name|CreatedUtc)\s+(eq|gt|ge|lt|le)\s+/gi;
const QUOTED = /'(?:[^']|'')*'|"(?:[^"\\]|\\.|"")*"/;
/** The smallest step of a clock that a double of today can tell. */
const MICROSECOND = 0.001;

/** Throws BadFilter with the position of what is not understood. */
export function parseMetricFilter(text: string): MetricFilter {
  if (text.length > LONGEST) throw bad(LONGEST, `it is longer than ${LONGEST} characters`);
  if (text.trim() === "") return {};
  const found = comparisons(text);
  if (found[0]?.index !== 0) throw bad(0, "expected RunId, MetricType, Name or CreatedUtc and a comparison");
  const filter: { runIds: string[]; names: string[]; types: string[]; from?: number; to?: number } = {
    runIds: [],
    names: [],
    types: [],
  };
  let last = "";
  for (const [i, match] of found.entries()) {
    const [whole, , joined = "and", field = "", op = ""] = match;
    const start = match.index + whole.length;
    const value = literal(text.slice(start, found[i + 1]?.index ?? text.length), start);
    const name = field.toLowerCase();
    if (joined.toLowerCase() === "or" && (name !== last || op.toLowerCase() !== "eq"))
      throw bad(match.index, "'or' may join only values of one property");
    last = name;
    if (name === "createdutc") bound(filter, op.toLowerCase(), value, start);
    else if (op.toLowerCase() !== "eq") throw bad(match.index, `${field} is compared with eq only`);
    else ({ runid: filter.runIds, name: filter.names, metrictype: filter.types })[name]?.push(value);
  }
  const { runIds, names, types, ...times } = filter;
  return {
    ...(runIds.length > 0 ? { runIds: [...new Set(runIds)] } : {}),
    ...(names.length > 0 ? { names: [...new Set(names)] } : {}),
    ...(types.length > 0 ? { types } : {}),
    ...times,
  };
}

/** Where comparisons begin: not inside of a quoted value. */
function comparisons(text: string): readonly RegExpExecArray[] {
  const found: RegExpExecArray[] = [];
  let end = 0;
  for (const match of text.matchAll(BEGIN)) {
    if (match.index < end) continue;
    found.push(match);
    const quoted = new RegExp(QUOTED, "y");
    quoted.lastIndex = match.index + match[0].length;
    if (quoted.test(text)) end = quoted.lastIndex;
  }
  return found;
}

/** The value without the brackets that close behind it, and without its quotes. */
function literal(text: string, at: number): string {
  const quoted = /^\s*(?:'((?:[^']|'')*)'|"((?:[^"\\]|\\.|"")*)")[\s)]*$/s.exec(text);
  if (quoted?.[1] !== undefined) return quoted[1].replaceAll("''", "'");
  if (quoted?.[2] !== undefined) return quoted[2].replace(/\\(.)|""/gs, (all, char) => char ?? all.charAt(0));
  // A name may hold brackets itself: only what was never opened in it belongs to the filter.
  let value = text.trim();
  while (value.endsWith(")") && count(value, ")") > count(value, "(")) value = value.slice(0, -1).trimEnd();
  if (value === "") throw bad(at, "expected a value");
  return value;
}

const count = (text: string, char: string): number => text.split(char).length - 1;

function bound(filter: { from?: number; to?: number }, op: string, text: string, at: number): void {
  const instant = parseInstant(text);
  if (Number.isNaN(instant)) throw bad(at, `'${text.slice(0, 60)}' is no date like 2024-01-02T03:04:05Z`);
  if (op === "eq" || op === "ge" || op === "gt") {
    const from = op === "gt" ? instant + MICROSECOND : instant;
    filter.from = Math.max(filter.from ?? from, from);
  }
  if (op === "eq" || op === "le" || op === "lt") {
    const to = op === "lt" ? instant - MICROSECOND : instant;
    filter.to = Math.min(filter.to ?? to, to);
  }
}

const bad = (at: number, says: string): MalachiteError =>
  new MalachiteError("BadFilter", `The filter is not understood at position ${at + 1}: ${says}.`, {
    target: "filter",
  });
