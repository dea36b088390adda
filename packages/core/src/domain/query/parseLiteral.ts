// Reads a value of a filter as the type of the property it is compared with. Pure.
import type { FieldInfo } from "./fields.ts";
import type { Literal } from "./filter.ts";
import { badFilter, type Token } from "./tokens.ts";

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const DATE =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?\s?(Z|[+-]\d{2}(?::?\d{2})?)?)?$/i;

/**
 * An unquoted word is a text where a text is compared, so `Status eq Completed` needs no quotes. Without `info` (tags and
 * properties) everything but an unquoted null is a text. Throws BadFilter when the value cannot be of that type.
 */
export function parseLiteral(token: Token, info: FieldInfo | undefined): Literal {
  if (token.kind === "word" && token.text.toLowerCase() === "null") return { value: null };
  const text = token.key === undefined ? token.text : token.text + token.key;
  switch (info?.type) {
    case "number": {
      const value = NUMBER.test(text) ? Number(text) : Number.NaN;
      if (Number.isFinite(value)) return { value };
      throw wrong(token, info, "a number");
    }
    case "boolean": {
      const word = text.toLowerCase();
      if (word === "true" || word === "false") return { value: word === "true" };
      throw wrong(token, info, "true or false");
    }
    case "date": {
      const value = instantOf(text);
      if (value !== undefined) return { value, date: true };
      throw wrong(token, info, "a date like 2024-01-02 or 2024-01-02T03:04:05Z");
    }
    default: {
      const word = info?.words?.find((known) => known.toLowerCase() === text.toLowerCase());
      return { value: word ?? text };
    }
  }
}

/** Milliseconds since 1970 UTC; a date without a zone is UTC. Undefined for what no calendar has. */
function instantOf(text: string): number | undefined {
  const match = DATE.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour = "00", minute = "00", second = "00", fraction = "", zone = "Z"] = match;
  const days = new Date(Date.UTC(Number(year), Number(month), 0));
  days.setUTCFullYear(Number(year), Number(month), 0);
  if (Number(day) > days.getUTCDate()) return undefined;
  const value = Date.parse(
    `${year}-${month}-${day}T${hour}:${minute}:${second}.${fraction.slice(0, 3).padEnd(3, "0")}${zoneOf(zone)}`,
  );
  return Number.isNaN(value) ? undefined : value;
}

/** `+02` and `+0200` as `+02:00`. */
const zoneOf = (zone: string): string =>
  zone.toUpperCase() === "Z" ? "Z" : `${zone.slice(0, 3)}:${zone.slice(3).replace(":", "") || "00"}`;

const wrong = (token: Token, info: FieldInfo, expected: string): Error =>
  badFilter(
    "filter",
    token.at,
    `${info.shown} is compared with ${expected}, found '${token.text.slice(0, 60)}'.`,
    "filter",
  );
