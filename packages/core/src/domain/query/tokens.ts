// Cuts the text of a filter into words, quoted texts and brackets. No meaning here; parseFilter.ts gives it.
import { MalachiteError } from "../failure/malachiteError.ts";

export type Token = {
  readonly kind: "word" | "quoted" | "open" | "close" | "comma" | "end";
  /** A quoted text without its quotes. */
  readonly text: string;
  /** For a word that ends in a quoted part (`Tags/'odd key'`): that part. */
  readonly key?: string;
  /** 0-based, and just behind its last character. */
  readonly at: number;
  readonly end: number;
};

/** The error for what cannot be understood; the message counts positions from 1. */
export const badFilter = (what: string, at: number, says: string, target: string): MalachiteError =>
  new MalachiteError("BadFilter", `The ${what} is not understood at position ${at + 1}: ${says}`, { target });

const SPACE = /\s/;
/** A word ends where one of these begins; a quote inside a word (`it's`) is a part of it. */
const BOUNDARY = /[\s()]/;
const LIST_BOUNDARY = /[\s(),]/;
const OPERATORS = new Set(["eq", "ne", "gt", "ge", "lt", "le", "and", "or", "not"]);
/** Behind these words a bracket opens a list: there commas part what elsewhere they belong to. */
const LISTS = new Set(["in", "contains", "startswith", "endswith"]);
/**
 * Keys of tags and properties as clients write them: without quotes, whatever is in them. Such a key ends where a comparison
 * begins.
 */
const BARE_KEY =
  /(?:tags|properties|params|metrics)\/(?!['"])\S.*?(?=\s+(?:(?:eq|ne|gt|ge|lt|le)\s|in\s*\())/isy;
/** What can follow a value. */
const AFTER_VALUE = /\s*(?:$|\)|(?:and|or)\s)/iy;

/** The tokens in order, the last one of kind `end`. Throws BadFilter for a quote that is never closed. */
export function tokens(text: string): readonly Token[] {
  const found: Token[] = [];
  let at = 0;
  let list = false;
  while (at < text.length) {
    const char = text.charAt(at);
    if (SPACE.test(char)) {
      at += 1;
    } else if (char === "(" || char === ")") {
      const before = found.at(-1);
      list = char === "(" && before?.kind === "word" && LISTS.has(before.text.toLowerCase());
      found.push({ kind: char === "(" ? "open" : "close", text: char, at, end: at + 1 });
      at += 1;
    } else if (list && char === ",") {
      found.push({ kind: "comma", text: char, at, end: at + 1 });
      at += 1;
    } else if (char === "'" || char === '"') {
      const quoted = list ? readQuoted(text, at) : readValue(text, at);
      found.push({ kind: "quoted", text: quoted.text, at, end: quoted.end });
      at = quoted.end;
    } else {
      const word = list ? readWord(text, at, LIST_BOUNDARY) : (readBareKey(text, at) ?? readWord(text, at));
      found.push(word);
      at = word.end;
    }
  }
  found.push({ kind: "end", text: "", at: text.length, end: text.length });
  return found;
}

function readWord(text: string, at: number, boundary = BOUNDARY): Token {
  let end = at;
  while (end < text.length && !boundary.test(text.charAt(end))) {
    const quote = text.charAt(end) === "'" || text.charAt(end) === '"';
    const before = text.slice(at, end);
    if (quote && before.endsWith("/")) {
      const quoted = readQuoted(text, end);
      return { kind: "word", text: before, key: quoted.text, at, end: quoted.end };
    }
    if (quote && OPERATORS.has(before.toLowerCase())) break;
    end += 1;
  }
  return { kind: "word", text: text.slice(at, end), at, end };
}

/** Not one whose brackets do not match: there the comparison has been forgotten. */
function readBareKey(text: string, at: number): Token | undefined {
  BARE_KEY.lastIndex = at;
  const word = BARE_KEY.exec(text)?.[0];
  if (word === undefined) return undefined;
  let open = 0;
  for (const char of word) {
    if (char === "(") open += 1;
    if (char === ")") open -= 1;
    if (open < 0) return undefined;
  }
  return open === 0 ? { kind: "word", text: word, at, end: at + word.length } : undefined;
}

/**
 * The v1 SDK puts values between double quotes as they are, quotes and all. So where a value in double quotes seems to end in the
 * middle of the filter, it goes on to the first quote that an end of a value follows.
 */
function readValue(text: string, at: number): Quoted {
  const strict = tryQuoted(text, at);
  if (text.charAt(at) !== '"' || (strict && endsValue(text, strict.end))) return strict ?? unclosed(text, at);
  for (let end = text.indexOf('"', at + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    if (endsValue(text, end + 1)) return { text: text.slice(at + 1, end), end: end + 1 };
  }
  return strict ?? unclosed(text, at);
}

function endsValue(text: string, at: number): boolean {
  AFTER_VALUE.lastIndex = at;
  return AFTER_VALUE.test(text);
}

type Quoted = { readonly text: string; readonly end: number };

const readQuoted = (text: string, at: number): Quoted => tryQuoted(text, at) ?? unclosed(text, at);

/** Either quote is written inside itself by doubling it, as OData has it. Undefined when it is never closed. */
function tryQuoted(text: string, at: number): Quoted | undefined {
  const quote = text.charAt(at);
  const parts: string[] = [];
  let from = at + 1;
  for (let i = text.indexOf(quote, from); i !== -1; i = text.indexOf(quote, from)) {
    parts.push(text.slice(from, i));
    if (text.charAt(i + 1) !== quote) return { text: parts.join(""), end: i + 1 };
    parts.push(quote);
    from = i + 2;
  }
  return undefined;
}

function unclosed(text: string, at: number): never {
  throw badFilter("filter", at, `the quote ${text.charAt(at)} that begins here is never closed.`, "filter");
}
