// The beginning of a file of rows as a table.
import Papa from "papaparse";

export type Table = {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** What could not be read as it should, in words. */
  readonly fault?: string;
};

export const MOST_ROWS = 2000;
const MOST_COLUMNS = 200;

/** `isWhole` is false when the text is only the beginning of the file: its last line may be cut. */
export function readTable(path: string, text: string, isWhole: boolean): Table {
  const whole = isWhole ? text : text.slice(0, text.lastIndexOf("\n") + 1);
  return /\.(jsonl|ndjson)$/i.test(path)
    ? jsonLines(whole)
    : separated(whole, /\.tsv$/i.test(path) ? "\t" : "");
}

function separated(text: string, delimiter: string): Table {
  const { data, errors } = Papa.parse<string[]>(text, {
    delimiter,
    preview: MOST_ROWS + 1,
    skipEmptyLines: "greedy",
  });
  const [head = [], ...rows] = data;
  const fault = errors.find(({ type }) => type !== "Delimiter");
  return {
    columns: head.slice(0, MOST_COLUMNS),
    rows: rows.map((row) => row.slice(0, MOST_COLUMNS)),
    ...(fault ? { fault: `Row ${(fault.row ?? 0) + 1}: ${fault.message}.` } : {}),
  };
}

function jsonLines(text: string): Table {
  const lines = text.split("\n", MOST_ROWS).filter((line) => line.trim() !== "");
  const columns = new Set<string>();
  const read: Map<string, string>[] = [];
  let fault: string | undefined;
  for (const [i, line] of lines.entries()) {
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch (error) {
      fault ??= `Line ${i + 1}: ${error instanceof Error ? error.message : String(error)}.`;
      value = { "": line };
    }
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    const cells = new Map(
      (isObject ? Object.entries(value as object) : [["value", value]]).map(([name, cell]) => [
        String(name),
        typeof cell === "string" ? cell : (JSON.stringify(cell) ?? ""),
      ]),
    );
    for (const name of cells.keys()) if (columns.size < MOST_COLUMNS) columns.add(name);
    read.push(cells);
  }
  const names = [...columns];
  return {
    columns: names,
    rows: read.map((cells) => names.map((name) => cells.get(name) ?? "")),
    ...(fault === undefined ? {} : { fault }),
  };
}
