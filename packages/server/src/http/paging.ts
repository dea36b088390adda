// How lists are asked for: what the wire says of filter, order, size and place becomes a PageAsk.
import type { history } from "@malachite/contract";
import { type Fields, type Order, type PageAsk, parseFilter, parseOrder } from "@malachite/core";

/** Values in a page when the caller does not say. */
export const DEFAULT_PAGE = 100;
/** The most values in a page, whatever the caller says. */
export const LARGEST_PAGE = 1000;

/** A list asked for by a body. Throws BadFilter. */
export const pageByBody = (query: history.QueryParams, fields: Fields): PageAsk =>
  page(query.filter, orderOf(query.orderBy, undefined, fields), query.continuationToken, query.top, fields);

/** A list asked for by a query string. Throws BadFilter. */
export const pageByQuery = (query: history.ListQuery, fields: Fields): PageAsk =>
  page(
    query.$filter,
    orderOf(query.$orderby, query.$sortorder, fields),
    query.$continuationtoken,
    query.$top,
    fields,
  );

function page(
  filterText: string | undefined,
  order: readonly Order[],
  after: string | undefined,
  top: number | undefined,
  fields: Fields,
): PageAsk {
  const filter = filterText === undefined ? undefined : parseFilter(filterText, fields);
  return {
    ...(filter ? { filter } : {}),
    ...(order.length > 0 ? { order } : {}),
    ...(after ? { after } : {}),
    limit: Math.min(top ?? DEFAULT_PAGE, LARGEST_PAGE),
  };
}

/** `$sortorder` is the older way to say asc or desc; it holds for properties that do not say it themselves. */
function orderOf(
  text: string | readonly string[] | undefined,
  sortOrder: "Asc" | "Desc" | undefined,
  fields: Fields,
): readonly Order[] {
  const parts = (typeof text === "string" ? [text] : (text ?? [])).flatMap((part) => part.split(","));
  if (parts.length === 0) return [];
  const saysItself = (part: string) => part.trim() === "" || /\s(?:asc|desc)\s*$/i.test(part);
  const word = sortOrder?.toLowerCase() ?? "asc";
  return parseOrder(
    parts.map((part) => (saysItself(part) ? part : `${part} ${word}`)),
    fields,
  );
}
