// Numbers of GPUs, as settings give them.

/** More than any machine has; numbers beyond are a slip. */
export const MOST_GPUS = 1024;

/** A whole number within the limits. */
export const isCount = (value: unknown, least: number, most = 1_000_000): value is number =>
  Number.isInteger(value) && (value as number) >= least && (value as number) <= most;

/** The numbers of so many GPUs. */
export const firstGpus = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Numbers, each once. */
export const isListOfGpus = (value: unknown): value is number[] =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.every((one) => isCount(one, 0, MOST_GPUS)) &&
  new Set(value).size === value.length;

/** `auto`, `none`, a count, or numbers joined by commas or in a list. */
export function readGpus(value: unknown): "auto" | readonly number[] | undefined {
  if (value === "auto") return "auto";
  if (value === "none") return [];
  if (isCount(value, 0, MOST_GPUS)) return firstGpus(value);
  if (isListOfGpus(value)) return value;
  if (typeof value !== "string" || !/^\d+(,\d+)*,?$/.test(value)) return undefined;
  if (!value.includes(",")) return readGpus(Number(value));
  const ids = value.split(",").filter(Boolean).map(Number);
  return isListOfGpus(ids) ? ids : undefined;
}
