// Cuts the text of a filter into words, quoted texts and brackets. No meaning here; parseFilter.ts gives it.
import { MalachiteError } from "../failure/malachiteError.ts";

export type Token = {
  readonly kind: "word" | "quoted" | "open" | "close" | "end";
  /** A quoted text without its quotes. */
  readonly text: string;
  /** For a word that ends in a quoted part (`Tags/'odd key'`): that part. */
  readonly key?: string;
  /** 0-based. */
  readonly at: number;
};

/** The error for what cannot be understood; the message counts positions from 1. */
export const badFilter = (what: string, at: number, says: string, target: string): MalachiteError =>
  new MalachiteError("BadFilter", `The ${what} is not understood at position ${at + 1}: ${says}`, { target });

const SPACE = /\s/;
/** A word ends where one of these begins. */
const BOUNDARY = /[\s()'"]/;

/** The tokens in order, the last one of kind `end`. Throws BadFilter for a quote that is never closed. */
export function tokens(text: string): readonly Token[] {
  const found: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const char = text.charAt(at);
    if (SPACE.test(char)) {
      at += 1;
    } else if (char === "(" || char === ")") {
      found.push({ kind: char === "(" ? "open" : "close", text: char, at });
      at += 1;
    } else if (char === "'" || char === '"') {
      const quoted = readQuoted(text, at);
      found.push({ kind: "quoted", text: quoted.text, at });
      at = quoted.end;
    } else {
      const word = readWord(text, at);
      found.push(word.token);
      at = word.end;
    }
  }
  found.push({ kind: "end", text: "", at: text.length });
  return found;
}

function readWord(text: string, at: number): { readonly token: Token; readonly end: number } {
  let end = at;
  while (end < text.length && !BOUNDARY.test(text.charAt(end))) end += 1;
  const word = text.slice(at, end);
  const next = text.charAt(end);
  if (!word.endsWith("/") || (next !== "'" && next !== '"'))
    return { token: { kind: "word", text: word, at }, end };
  const quoted = readQuoted(text, end);
  return { token: { kind: "word", text: word, key: quoted.text, at }, end: quoted.end };
}

/**
 * Either quote is written inside itself by doubling it, as OData has it. In double quotes a backslash also escapes a double
 * quote or a backslash, as JSON has it; elsewhere it stands for itself.
 */
function readQuoted(text: string, at: number): { readonly text: string; readonly end: number } {
  const quote = text.charAt(at);
  const parts: string[] = [];
  let from = at + 1;
  for (let i = from; i < text.length; i += 1) {
    const char = text.charAt(i);
    const next = text.charAt(i + 1);
    const escaped = char === "\\" && quote === '"' && (next === '"' || next === "\\");
    if (!escaped && char !== quote) continue;
    if (!escaped && next !== quote) return { text: parts.join("") + text.slice(from, i), end: i + 1 };
    parts.push(text.slice(from, i), next);
    i += 1;
    from = i + 1;
  }
  throw badFilter("filter", at, `the quote ${quote} that begins here is never closed.`, "filter");
}
