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
  for (const part of whole.split(",")) {
    const order = parsePart(part, at, fields);
    at += part.length + 1;
    const key = JSON.stringify(order?.field);
    if (order && !orders.has(key)) orders.set(key, order);
  }
  if (orders.size > MOST) throw badFilter("orderBy", 0, `it names more than ${MOST} properties.`, "orderBy");
  return [...orders.values()];
}

function parsePart(part: string, at: number, fields: Fields): Order | undefined {
  const words = [...part.matchAll(/\S+/g)];
  const [name, direction, extra] = words;
  if (!name) return undefined;
  const { field } = parseField(
    { kind: "word", text: name[0], at: at + name.index, end: at + name.index + name[0].length },
    fields,
    "orderBy",
  );
  if (field.of !== "field")
    throw badFilter(
      "orderBy",
      at + name.index,
      `lists cannot be ordered by '${name[0].slice(0, 60)}'.`,
      "orderBy",
    );
  const word = direction?.[0].toLowerCase() ?? "asc";
  const odd = word === "asc" || word === "desc" ? extra : direction;
  if (odd)
    throw badFilter(
      "orderBy",
      at + odd.index,
      `expected asc, desc or ',', found '${odd[0].slice(0, 60)}'.`,
      "orderBy",
    );
  return { field, descending: word === "desc" };
}
