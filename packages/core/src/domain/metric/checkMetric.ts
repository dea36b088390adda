// What a metric must be to be kept, whichever API it comes by.
import type { MetricPost, MetricRow } from "./metric.ts";

/** Longer names would not fit an index of every database. */
export const LONGEST_METRIC_NAME = 500;
/** Longer ids are no ids. */
const LONGEST_ID = 256;
/** Years that a date can be written with. */
const FIRST_INSTANT = -62_135_596_800_000;
const END_INSTANT = 253_402_300_800_000;

/** What is wrong with the post, and where; undefined when it can be kept. */
export function metricFault(
  post: MetricPost,
): { readonly target: string; readonly message: string } | undefined {
  for (const [target, text] of [
    ["name", post.name],
    ["namespace", post.namespace ?? "-"],
  ] as const) {
    const fault = nameFault(text);
    if (fault !== undefined) return { target, message: fault };
  }
  for (const column of Object.keys(post.columns)) {
    const fault = nameFault(column);
    if (fault !== undefined) return { target: "columns", message: `A column's ${fault}` };
  }
  for (const [i, row] of post.rows.entries()) {
    const fault = rowFault(row);
    if (fault !== undefined) return { target: `value[${i}].${fault.at}`, message: fault.message };
  }
  return undefined;
}

function nameFault(text: string): string | undefined {
  if (text === "") return "name is empty.";
  if (text.length > LONGEST_METRIC_NAME)
    return `name is ${text.length} characters long; ${LONGEST_METRIC_NAME} are the most.`;
  if (!text.isWellFormed() || text.includes("\u0000"))
    return "name holds half a character (a lone surrogate) or NUL, which cannot be kept.";
  return undefined;
}

function rowFault({
  createdAt,
  step,
  metricId,
}: MetricRow): { readonly at: string; readonly message: string } | undefined {
  if (!(createdAt >= FIRST_INSTANT && createdAt < END_INSTANT))
    return { at: "createdUtc", message: "The time is not between the years 1 and 9999." };
  if (step !== undefined && !Number.isSafeInteger(step))
    return {
      at: "step",
      message: `The step ${step} is not a whole number between ${Number.MIN_SAFE_INTEGER} and ${Number.MAX_SAFE_INTEGER}.`,
    };
  if (metricId !== undefined && (metricId === "" || metricId.length > LONGEST_ID))
    return { at: "metricId", message: `An id has 1 to ${LONGEST_ID} characters.` };
  return undefined;
}
