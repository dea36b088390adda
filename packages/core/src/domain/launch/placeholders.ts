// Names of data in arguments, which become paths: as the SDK writes them, `$AZUREML_DATAREFERENCE_x` and `DatasetOutputConfig:x`. Pure.

/** In front of a name, in the text of an argument. */
const MARKS = ["$AZUREML_DATAREFERENCE_", "DatasetConsumptionConfig:", "DatasetOutputConfig:"];

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

function pattern(names: readonly string[]): RegExp {
  const longestFirst = [...names].sort((a, b) => b.length - a.length).map(escaped);
  const one = `(?:${longestFirst.join("|")})`;
  const braced = `\\$\\{AZUREML_DATAREFERENCE_(?<braced>${one})\\}`;
  return new RegExp(`${braced}|(?:${MARKS.map(escaped).join("|")})(?<plain>${one})(?!\\w)`, "g");
}

/** The text with the path in place of each name that is known; others are left as they are. */
export function putPaths(text: string, paths: ReadonlyMap<string, string>): string {
  if (paths.size === 0) return text;
  return text.replace(pattern([...paths.keys()]), (...found) => {
    const { braced, plain } = found.at(-1) as { braced?: string; plain?: string };
    return paths.get(braced ?? plain ?? "") ?? "";
  });
}

/**
 * The same for a line of the shell, which puts in the variables itself: only what is no variable is made one. Quoted, so that a path
 * with blanks stays one word.
 */
export function putVariables(line: string, names: readonly string[]): string {
  if (names.length === 0) return line;
  const marks = MARKS.slice(1).map(escaped).join("|");
  const longestFirst = [...names].sort((a, b) => b.length - a.length).map(escaped);
  const found = new RegExp(`(?:${marks})(${longestFirst.join("|")})(?!\\w)`, "g");
  return line.replace(found, (_, name: string) => `"$AZUREML_DATAREFERENCE_${name}"`);
}
