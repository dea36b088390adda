// Filters and orders of lists, as data and as text.
export * from "./fields.ts";
export type * from "./filter.ts";
export { FILTER_LIMITS, parseFilter } from "./parseFilter.ts";
export { parseOrder } from "./parseOrder.ts";
export { printFilter } from "./printFilter.ts";
