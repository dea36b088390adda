// Cuts the text of an MLflow search into names, texts, numbers and signs. No meaning here; parseSearch.ts gives it.
import { badFilter } from "../tokens.ts";

export type SearchToken = {
  readonly kind: "name" | "text" | "number" | "sign" | "open" | "close" | "comma" | "end";
  /** As it is written; a quoted text without its quotes. */
  readonly text: string;
  /** For a name that ends in a quoted part (`` metrics.`val loss` ``): that part. `text` is what stands before it. */
  readonly quoted?: string;
  /** 0-based. */
  readonly at: number;
};

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?(?=$|[\s(),=<>!'"`])/i;
const SIGN = /^(?:<=|>=|!=|<>|==|=|<|>)/;
const NAME = /^[^\s(),=<>!'"`]+/;

/** The tokens in order, the last one of kind `end`. Throws BadFilter for what begins no token. */
export function searchTokens(text: string, what: "filter" | "order_by"): readonly SearchToken[] {
  const found: SearchToken[] = [];
  let at = 0;
  while (at < text.length) {
    const char = text.charAt(at);
    if (/\s/.test(char)) {
      at += 1;
      continue;
    }
    const read = one(text, at, what);
    found.push(read.token);
    at = read.end;
  }
  found.push({ kind: "end", text: "", at: text.length });
  return found;
}

type Read = { readonly token: SearchToken; readonly end: number };
const PUNCTUATION = { "(": "open", ")": "close", ",": "comma" } as const;

function one(text: string, at: number, what: "filter" | "order_by"): Read {
  const char = text.charAt(at);
  if (char === "(" || char === ")" || char === ",")
    return { token: { kind: PUNCTUATION[char], text: char, at }, end: at + 1 };
  if (char === "'" || char === '"') {
    const { text: inside, end } = readQuoted(text, at, what);
    return { token: { kind: "text", text: inside, at }, end };
  }
  if (char === "`") {
    const { text: inside, end } = readQuoted(text, at, what);
    return { token: { kind: "name", text: "", quoted: inside, at }, end };
  }
  const rest = text.slice(at, at + 4096);
  const number = NUMBER.exec(rest)?.[0];
  if (number !== undefined) return { token: { kind: "number", text: number, at }, end: at + number.length };
  const sign = SIGN.exec(rest)?.[0];
  if (sign !== undefined) return { token: { kind: "sign", text: sign, at }, end: at + sign.length };
  const name = NAME.exec(rest)?.[0];
  if (name === undefined) throw badFilter(what, at, `'${char}' is not expected here.`, what);
  const next = text.charAt(at + name.length);
  if (!name.endsWith(".") || (next !== '"' && next !== "`" && next !== "'"))
    return { token: { kind: "name", text: name, at }, end: at + name.length };
  const { text: quoted, end } = readQuoted(text, at + name.length, what);
  return { token: { kind: "name", text: name, quoted, at }, end };
}

/** A quote is written inside itself by doubling it. */
function readQuoted(
  text: string,
  at: number,
  what: "filter" | "order_by",
): { readonly text: string; readonly end: number } {
  const quote = text.charAt(at);
  const parts: string[] = [];
  let from = at + 1;
  for (;;) {
    const end = text.indexOf(quote, from);
    if (end < 0) throw badFilter(what, at, `the quote ${quote} that begins here is never closed.`, what);
    parts.push(text.slice(from, end));
    if (text.charAt(end + 1) !== quote) return { text: parts.join(quote), end: end + 1 };
    from = end + 2;
  }
}
