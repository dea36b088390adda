// How lists are asked for and answered: QueryParams in a body, `$…` in a query string, pages with a continuation token.
import Type, { type Static, type TSchema } from "typebox";
import { integer, model, oneOf, optional } from "../model.ts";

export const QueryParams = model("QueryParams", {
  filter: optional(Type.String({ description: "OData filter: eq ne gt ge lt le, and or not, brackets." })),
  continuationToken: optional(Type.String()),
  orderBy: optional(
    Type.String({ description: "Comma separated properties, each with optional asc or desc." }),
  ),
  top: optional(integer({ format: "int32", minimum: 1, description: "The most values in one page." })),
  viewType: optional(Type.String({ description: "Default, All, ActiveOnly or ArchivedOnly." })),
});
export type QueryParams = Static<typeof QueryParams>;

/** The query string of a list by GET. Names are matched without regard to case. */
export const listQuery = Type.Object({
  $filter: optional(Type.String()),
  $continuationtoken: optional(Type.String()),
  $orderby: optional(Type.Array(Type.String())),
  $sortorder: optional(oneOf(["Asc", "Desc"])),
  $top: optional(integer({ format: "int32", minimum: 1 })),
  $count: optional(Type.Boolean()),
});
export type ListQuery = Static<typeof listQuery>;

/** A page: `continuationToken` and `nextLink` are absent on the last one. */
export const pageOf = <T extends TSchema>(name: string, value: T) =>
  model(name, {
    value: optional(Type.Array(value)),
    continuationToken: optional(Type.String()),
    nextLink: optional(Type.String()),
    count: optional(integer({ format: "int64" })),
  });
