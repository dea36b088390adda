// Numbers as people read them.
const whole = new Intl.NumberFormat();
const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"] as const;

/** A count with separators: `1,000,000`. */
export const shownCount = (count: number): string => whole.format(count);

/** A size in powers of 1000, as disks are sold: `1.3 MB`. */
export function shownSize(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value >= 999.5 && unit < UNITS.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : value.toPrecision(2 + (value >= 10 ? 1 : 0))} ${UNITS[unit]}`;
}

/** A value of a metric in few characters, never so few that two different ones look the same at five digits. */
export function shownValue(value: number | string | boolean | null | undefined): string {
  if (typeof value !== "number") return value === null || value === undefined ? "–" : String(value);
  if (!Number.isFinite(value)) return value > 0 ? "∞" : value < 0 ? "−∞" : "NaN";
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return whole.format(value);
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-4 || size >= 1e9)
    ? value.toExponential(4)
    : String(Number(value.toPrecision(5)));
}
