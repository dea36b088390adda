// JSON as lines that can be folded. Pure.

export type JsonRow = {
  /** Where the value is: names and places, behind one another. */
  readonly path: string;
  readonly depth: number;
  /** The name before the value, as JSON writes it; absent in a list and at the top. */
  readonly name?: string;
  readonly text: string;
  readonly kind: "text" | "number" | "word" | "open" | "close";
  /** For what opens: how many are inside, where they are folded away. */
  readonly folded?: number;
  readonly canFold: boolean;
  readonly isLast: boolean;
};

type Kind = "text" | "number" | "word";
const kindOf = (value: unknown): Kind =>
  typeof value === "string" ? "text" : typeof value === "number" ? "number" : "word";
/** Deeper than people nest, and less than what the stack bears; what lies deeper stays folded. */
const DEEPEST = 200;

/** The lines of a value. `isFolded` is asked for what has something in it. */
export function jsonRows(value: unknown, isFolded: (path: string) => boolean): JsonRow[] {
  const rows: JsonRow[] = [];
  const walk = (value: unknown, path: string, depth: number, name: string | undefined, isLast: boolean) => {
    const about = { path, depth, isLast, ...(name === undefined ? {} : { name: JSON.stringify(name) }) };
    if (typeof value !== "object" || value === null) {
      rows.push({ ...about, text: JSON.stringify(value) ?? "null", kind: kindOf(value), canFold: false });
      return;
    }
    const isList = Array.isArray(value);
    const inside: readonly (readonly [string | undefined, unknown])[] = isList
      ? value.map((one) => [undefined, one] as const)
      : Object.entries(value);
    const [open, close] = isList ? ["[", "]"] : ["{", "}"];
    if (inside.length === 0) {
      rows.push({ ...about, text: `${open}${close}`, kind: "word", canFold: false });
      return;
    }
    if (depth >= DEEPEST || isFolded(path)) {
      rows.push({
        ...about,
        text: `${open} … ${close}`,
        kind: "open",
        canFold: depth < DEEPEST,
        folded: inside.length,
      });
      return;
    }
    rows.push({ ...about, text: open, kind: "open", canFold: true });
    inside.forEach(([key, one], at) => {
      walk(one, `${path}/${key === undefined ? at : escaped(key)}`, depth + 1, key, at === inside.length - 1);
    });
    rows.push({ path: `${path}/`, depth, text: close, kind: "close", canFold: false, isLast });
  };
  walk(value, "", 0, undefined, true);
  return rows;
}

/** As in a JSON pointer, so that no two values have one path. */
const escaped = (key: string): string => key.replaceAll("~", "~0").replaceAll("/", "~1");

/** The places of the rows that have the words, in any case. */
export function findRows(rows: readonly Pick<JsonRow, "name" | "text">[], words: string): number[] {
  if (words === "") return [];
  const wanted = words.toLowerCase();
  return rows.flatMap(({ name = "", text }, at) =>
    `${name}: ${text}`.toLowerCase().includes(wanted) ? [at] : [],
  );
}
