// Finds the property that a word of a filter or an order names. Pure.
import { type FieldInfo, type Fields, shownNames } from "./fields.ts";
import type { Field } from "./filter.ts";
import { badFilter, type Token } from "./tokens.ts";

/**
 * Names without regard to case; the key of a tag, property or trait as it is written. `info` is absent for those: they are texts.
 * Metrics are numbers.
 */
export function parseField(
  token: Token,
  fields: Fields,
  what: "filter" | "orderBy",
): { readonly field: Field; readonly info?: FieldInfo } {
  const lower = token.text.toLowerCase();
  const prefix = [...fields.maps.keys()].find((name) => lower.startsWith(`${name}/`));
  const map = prefix === undefined ? undefined : fields.maps.get(prefix);
  if (prefix !== undefined && map !== undefined) {
    const slash = prefix.length;
    const key =
      token.key === undefined ? token.text.slice(slash + 1) : token.text.slice(slash + 1) + token.key;
    if (key === "")
      throw badFilter(what, token.at + slash + 1, `expected a key after '${token.text}'.`, what);
    if (map !== "metrics") return { field: { of: map, key } };
    return {
      field: { of: map, key },
      info: { name: `metrics/${key}`, shown: `metrics/${key}`, type: "number" },
    };
  }
  const info = token.key === undefined ? fields.byName.get(token.text.toLowerCase()) : undefined;
  if (info) return { field: { of: "field", name: info.name }, info };
  const found = token.text.slice(0, 60);
  throw badFilter(
    what,
    token.at,
    `expected a property of ${fields.subject} (${shownNames(fields)}), found '${found}'.`,
    what,
  );
}
