// Reads what a list is ordered by: `StartTimeUtc desc, RunId`. Pure.
import type { Fields } from "./fields.ts";
import type { Order } from "./filter.ts";
import { parseField } from "./parseField.ts";
import { badFilter } from "./tokens.ts";

/** More properties than this never matter: the order is settled long before. */
const MOST = 8;

/**
 * Comma separated properties, each with an optional `asc` or `desc`; a list of texts is one order. A property named again has no
 * say. Throws BadFilter with the position and what was expected.
 */
export function parseOrder(text: string | readonly string[], fields: Fields): readonly Order[] {
  const whole = typeof text === "string" ? text : text.join(",");
  const orders = new Map<string, Order>();
  let at = 0;
  for (const part of partsOf(whole)) {
    const order = parsePart(part, at, fields);
    at += part.length + 1;
    const key = JSON.stringify(order?.field);
    if (order && !orders.has(key)) orders.set(key, order);
  }
  if (orders.size > MOST) throw badFilter("orderBy", 0, `it names more than ${MOST} properties.`, "orderBy");
  return [...orders.values()];
}

/** Cut at the commas, but not at those in the quoted key of a tag, a parameter or a metric. */
const partsOf = (text: string): readonly string[] =>
  text.includes("/'") ? (text.match(/(?:\/'(?:[^']|'')*'|[^,])+|(?<=,|^)(?=,|$)/g) ?? []) : text.split(",");

/** `tags/'a key'`, at the beginning of a part. */
const KEYED = /^\s*([^\s/]+\/)'((?:[^']|'')*)'/;

function parsePart(part: string, at: number, fields: Fields): Order | undefined {
  const keyed = KEYED.exec(part);
  const words = [...part.slice(keyed?.[0].length ?? 0).matchAll(/\S+/g)].map((word) => ({
    text: word[0],
    at: at + (keyed?.[0].length ?? 0) + word.index,
  }));
  const name = keyed
    ? { text: keyed[1] ?? "", at: at + keyed[0].search(/\S/), key: keyed[2]?.replaceAll("''", "'") }
    : words.shift();
  if (!name) return undefined;
  const { field } = parseField({ kind: "word", end: name.at + name.text.length, ...name }, fields, "orderBy");
  if (field.of !== "field" && !fields.ordered.has(field.of))
    throw wrong(name.at, `lists cannot be ordered by '${name.text.slice(0, 60)}'.`);
  const [direction, extra] = words;
  const word = direction?.text.toLowerCase() ?? "asc";
  const odd = word === "asc" || word === "desc" ? extra : direction;
  if (odd) throw wrong(odd.at, `expected asc, desc or ',', found '${odd.text.slice(0, 60)}'.`);
  return { field, descending: word === "desc" };
}

const wrong = (at: number, says: string): Error => badFilter("orderBy", at, says, "orderBy");
