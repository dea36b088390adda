// Reads the JSON of a chart value by value, and says of a broken one where it is broken and what should be there.

/** A chart that cannot be drawn, because what was logged is not what its kind should hold. `path` is where in it. */
export class ChartError extends Error {
  override readonly name = "ChartError";
  readonly path: string;

  constructor(path: string, message: string) {
    super(path === "" ? message : `${path}: ${message}`);
    this.path = path;
  }
}

const NUMBERS: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  "-Infinity": Number.NEGATIVE_INFINITY,
};

/** JSON as Python writes it: with NaN and Infinity, which are read as texts here and as numbers by `readNumber`. */
export function parsePythonJson(text: string): unknown {
  const quoted = text.replace(/"(?:\\.|[^"\\])*"|-?\bInfinity\b|\bNaN\b/gs, (token) =>
    token.startsWith('"') ? token : `"${token}"`,
  );
  try {
    return JSON.parse(quoted);
  } catch (error) {
    throw new ChartError("", `This is no JSON: ${error instanceof Error ? error.message : error}.`);
  }
}

const shown = (value: unknown): string =>
  value === undefined
    ? "nothing"
    : Array.isArray(value)
      ? "a list"
      : (JSON.stringify(value)?.slice(0, 40) ?? "");

export function readObject(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as Readonly<Record<string, unknown>>;
  throw new ChartError(path, `An object is needed; ${shown(value)} is there.`);
}

export function readNumber(value: unknown, path: string): number {
  if (typeof value === "number") return value;
  if (typeof value === "string" && Object.hasOwn(NUMBERS, value)) return NUMBERS[value] as number;
  throw new ChartError(path, `A number is needed; ${shown(value)} is there.`);
}

/** Names of classes are texts; what scripts log instead of them, numbers and booleans, is shown as it is. */
export function readLabel(value: unknown, path: string): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  throw new ChartError(path, `A text is needed; ${shown(value)} is there.`);
}

/** A list of `length` values, or of any length. `why` says what it must fit to. */
export function readList<T>(
  value: unknown,
  path: string,
  read: (value: unknown, path: string) => T,
  must?: { readonly length: number; readonly why: string },
): readonly T[] {
  if (!Array.isArray(value)) throw new ChartError(path, `A list is needed; ${shown(value)} is there.`);
  if (must && value.length !== must.length)
    throw new ChartError(path, `${must.length} values are needed, ${must.why}; ${value.length} are there.`);
  return value.map((one, i) => read(one, `${path}[${i}]`));
}
