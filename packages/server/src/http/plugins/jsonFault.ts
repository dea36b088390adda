// Finds where a text stops being JSON, since the engine's own message does not always tell.

/** Longer texts are not searched: the answer must not take longer than the parsing did. */
const LONGEST = 1024 * 1024;

const TOKEN =
  /[ \t\n\r]*(?:([{}[\],:])|("[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.+-])|(?:true|false|null)(?!\w)))/y;

type Wanted = "value" | "value or ]" | "name" | "name or }" | ":" | ", or end" | "nothing";

/** The place of the first character that cannot be there, as `line 1, column 12`; undefined when it was not searched. */
export function jsonFault(text: string): string | undefined {
  if (text.length > LONGEST) return undefined;
  const index = faultIndex(text);
  if (index === undefined) return undefined;
  const before = text.slice(0, index);
  const line = before.split("\n").length;
  return `line ${line}, column ${index - before.lastIndexOf("\n")}`;
}

/** The index of the first token that does not fit; the text's length when it ends too early; undefined when all is well. */
function faultIndex(text: string): number | undefined {
  const open: ("{" | "[")[] = [];
  let wanted: Wanted = "value";
  const token = new RegExp(TOKEN);
  for (;;) {
    const start = skipBlanks(text, token.lastIndex);
    if (start === text.length) return wanted === "nothing" ? undefined : start;
    const match = token.exec(text);
    if (!match || wanted === "nothing") return start;
    const [, sign, string] = match;
    const next = step(wanted, sign, string !== undefined, open);
    if (next === undefined) return start;
    wanted = next;
  }
}

function step(
  wanted: Wanted,
  sign: string | undefined,
  isString: boolean,
  open: ("{" | "[")[],
): Wanted | undefined {
  const after = (): Wanted => (open.length === 0 ? "nothing" : ", or end");
  const isClose = (sign === "}" && open.at(-1) === "{") || (sign === "]" && open.at(-1) === "[");
  if (isClose && (wanted === ", or end" || wanted === "name or }" || wanted === "value or ]")) {
    open.pop();
    return after();
  }
  if (wanted === "value" || wanted === "value or ]") {
    if (sign === "{" || sign === "[") {
      open.push(sign);
      return sign === "{" ? "name or }" : "value or ]";
    }
    return sign === undefined ? after() : undefined;
  }
  if (wanted === "name" || wanted === "name or }") return isString ? ":" : undefined;
  if (wanted === ":") return sign === ":" ? "value" : undefined;
  if (sign === ",") return open.at(-1) === "{" ? "name" : "value";
  return undefined;
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (at < text.length && " \t\n\r".includes(text.charAt(at))) at++;
  return at;
}
