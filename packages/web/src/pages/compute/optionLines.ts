// Options of a target as they are typed: a line each, NAME=VALUE. Pure.

export type OptionLines =
  | { readonly options: Readonly<Record<string, unknown>> }
  | { readonly fault: string };

/** A value that is JSON is what it says (2, true, [0, 1]); any other is a text. Empty lines are nothing. */
export function readOptionLines(text: string): OptionLines {
  const options = new Map<string, unknown>();
  for (const line of text.split("\n").map((one) => one.trim())) {
    if (line === "") continue;
    const [, name, value] = /^([\w.-]+)\s*[=:]\s*(.*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined)
      return { fault: `An option is NAME=VALUE, one a line; '${line}' is none.` };
    if (options.has(name)) return { fault: `'${name}' is there twice.` };
    options.set(name, readValue(value));
  }
  return { options: Object.fromEntries(options) };
}

function readValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
