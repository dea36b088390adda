// Reads the OData subset that clients of run history send: eq ne gt ge lt le, and or not, brackets; and of the rest of OData
// in (…), contains(…), startswith(…), endswith(…). Pure.
import type { FieldInfo, Fields } from "./fields.ts";
import type { Comparison, Field, Filter, Literal, TextTest } from "./filter.ts";
import { parseField } from "./parseField.ts";
import { parseLiteral } from "./parseLiteral.ts";
import { badFilter, type Token, tokens } from "./tokens.ts";

/** More text, nesting or comparisons than these are refused, so that no filter costs more than it is worth. */
export const FILTER_LIMITS = { length: 65_536, depth: 64, comparisons: 500 } as const;

const TEXT_TESTS: ReadonlySet<string> = new Set(["contains", "startswith", "endswith"]);
const COMPARISONS: ReadonlySet<string> = new Set(["eq", "ne", "gt", "ge", "lt", "le"]);
const KEYWORDS: ReadonlySet<string> = new Set([...COMPARISONS, "and", "or", "not"]);

/**
 * The filter, or undefined for a text of nothing but spaces. `and` binds stronger than `or`. Throws BadFilter with the position
 * and what was expected there, and for a field that is not in `fields` with the names of those that are.
 */
export function parseFilter(text: string, fields: Fields): Filter | undefined {
  if (text.length > FILTER_LIMITS.length)
    throw badFilter(
      "filter",
      FILTER_LIMITS.length,
      `it is longer than ${FILTER_LIMITS.length} characters.`,
      "filter",
    );
  const reader = new Reader(text, fields);
  return reader.peek().kind === "end" ? undefined : reader.whole();
}

class Reader {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  readonly #fields: Fields;
  #next = 0;
  #depth = 0;
  #comparisons = 0;

  constructor(text: string, fields: Fields) {
    this.#text = text;
    this.#tokens = tokens(text);
    this.#fields = fields;
  }

  peek(): Token {
    return this.#tokens[this.#next] as Token;
  }

  whole(): Filter {
    const filter = this.#any();
    if (this.peek().kind === "end") return filter;
    throw this.#expected("'and', 'or' or the end of the filter");
  }

  #any(): Filter {
    return this.#chain("or", () => this.#chain("and", () => this.#one()));
  }

  #chain(op: "and" | "or", part: () => Filter): Filter {
    const parts: Filter[] = [];
    do {
      const read = part();
      if (read.op === op) parts.push(...read.parts);
      else parts.push(read);
    } while (this.#takeWord(op));
    return joined(op, op === "or" ? hasKey(parts) : parts);
  }

  #one(): Filter {
    const at = this.peek().at;
    if (this.#takeWord("not")) return { op: "not", part: this.#deeper(at, () => this.#one()) };
    if (this.#isTextTest()) return this.#textTest();
    if (this.peek().kind !== "open") return this.#comparison();
    this.#next += 1;
    const inner = this.#deeper(at, () => this.#any());
    this.#close("'and', 'or' or ')'");
    return inner;
  }

  #deeper(at: number, read: () => Filter): Filter {
    this.#depth += 1;
    if (this.#depth > FILTER_LIMITS.depth)
      throw badFilter("filter", at, `brackets and 'not' nest deeper than ${FILTER_LIMITS.depth}.`, "filter");
    const filter = read();
    this.#depth -= 1;
    return filter;
  }

  #comparison(): Filter {
    this.#count();
    const { field, info } = this.#field();
    if (this.#isList()) return this.#oneOf(field, info);
    const op = this.#comparer();
    const token = this.#valueToken();
    return { op, field, literal: parseLiteral(this.#value(token, info), info) };
  }

  #count(): void {
    this.#comparisons += 1;
    if (this.#comparisons > FILTER_LIMITS.comparisons)
      throw badFilter(
        "filter",
        this.peek().at,
        `it has more than ${FILTER_LIMITS.comparisons} comparisons.`,
        "filter",
      );
  }

  #valueToken(): Token {
    const token = this.peek();
    if ((token.kind !== "word" && token.kind !== "quoted") || this.#isKeyword(token))
      throw this.#expected("a value (a text in quotes, a number, a date, true, false or null)");
    return token;
  }

  /** `field in (a, b)` is one equality for each of the values. */
  #oneOf(field: Field, info: FieldInfo | undefined): Filter {
    this.#next += 2;
    const literals: Literal[] = [];
    do {
      if (literals.length > 0) this.#count();
      literals.push(parseLiteral(this.#valueToken(), info));
      this.#next += 1;
    } while (this.#takeComma());
    this.#close("',' or ')'");
    return joined(
      "or",
      literals.map((literal): Filter => ({ op: "eq", field, literal })),
    );
  }

  /** `contains(field, 'text')`, also with `eq true` behind it, as some clients write it. */
  #textTest(): Filter {
    this.#count();
    const op = this.peek().text.toLowerCase() as TextTest;
    this.#next += 2;
    const at = this.peek();
    const { field, info } = this.#field();
    if ((info?.type ?? "text") !== "text")
      throw badFilter(
        "filter",
        at.at,
        `${op} looks into texts, and ${info?.shown} is none: compare it with eq, gt or another.`,
        "filter",
      );
    if (!this.#takeComma()) throw this.#expected("','");
    const token = this.peek();
    if (token.kind !== "quoted") throw this.#expected("a text in quotes");
    this.#next += 1;
    this.#close("')'");
    if (this.#takeWord("eq") && !this.#takeWord("true")) throw this.#expected("true");
    return { op, field, text: token.text };
  }

  #isTextTest(): boolean {
    const token = this.peek();
    const isWord = token.kind === "word" && token.key === undefined;
    return (
      isWord && TEXT_TESTS.has(token.text.toLowerCase()) && this.#tokens[this.#next + 1]?.kind === "open"
    );
  }

  #isList(): boolean {
    const token = this.peek();
    return (
      token.kind === "word" &&
      token.text.toLowerCase() === "in" &&
      this.#tokens[this.#next + 1]?.kind === "open"
    );
  }

  #takeComma(): boolean {
    if (this.peek().kind !== "comma") return false;
    this.#next += 1;
    return true;
  }

  #close(what: string): void {
    if (this.peek().kind !== "close") throw this.#expected(what);
    this.#next += 1;
  }

  /** Clients write texts with spaces without quotes, and Python's form of an instant has one between its day and its time. */
  #value(first: Token, info: FieldInfo | undefined): Token {
    this.#next += 1;
    if (first.kind !== "word" || info?.words !== undefined) return first;
    const type = info?.type ?? "text";
    if (type !== "text" && type !== "date") return first;
    let { end } = first;
    for (let next = this.peek(); next.kind === "word" && !this.#isKeyword(next); next = this.peek()) {
      if (type === "date" && !/^(?:\d{1,2}:|[+-]\d|z$)/i.test(next.text)) break;
      end = next.end;
      this.#next += 1;
    }
    return { kind: "word", text: this.#text.slice(first.at, end), at: first.at, end };
  }

  #field(): ReturnType<typeof parseField> {
    const token = this.peek();
    if (token.kind !== "word" || this.#isKeyword(token))
      throw this.#expected("the name of a property, 'not' or '('");
    const found = parseField(token, this.#fields, "filter");
    this.#next += 1;
    return found;
  }

  #comparer(): Comparison {
    const token = this.peek();
    const word = token.text.toLowerCase();
    if (token.kind !== "word" || !COMPARISONS.has(word))
      throw this.#expected("a comparison (eq, ne, gt, ge, lt, le or in)");
    this.#next += 1;
    return word as Comparison;
  }

  #takeWord(word: string): boolean {
    const token = this.peek();
    if (token.kind !== "word" || token.text.toLowerCase() !== word) return false;
    this.#next += 1;
    return true;
  }

  #isKeyword(token: Token): boolean {
    return token.kind === "word" && token.key === undefined && KEYWORDS.has(token.text.toLowerCase());
  }

  #expected(what: string): Error {
    const token = this.peek();
    const found = token.kind === "end" ? "the end" : `'${token.text.slice(0, 60)}'`;
    return badFilter("filter", token.at, `expected ${what}, found ${found}.`, "filter");
  }
}

/**
 * Clients ask for "has this tag, whatever its value" as `Tags/k ne null or Tags/k eq null`. To the letter that holds for every
 * run; nobody can mean that, so it is read as `Tags/k ne null`. The v1 SDK writes the same of a trait without brackets around both
 * halves, so that what it joins with `and` binds to one of them: `A and T ne null or T eq null and B`.
 */
function hasKey(parts: readonly Filter[]): readonly Filter[] {
  const read: Filter[] = [];
  for (const part of parts) {
    const before = read.at(-1);
    const both = before && asOne(before, part, parts.length);
    if (both) read[read.length - 1] = both;
    else read.push(part);
  }
  return read;
}

function asOne(left: Filter, right: Filter, parts: number): Filter | undefined {
  const before = left.op === "and" ? left.parts : [left];
  const after = right.op === "and" ? right.parts : [right];
  const a = before.at(-1);
  const [b] = after;
  if (!a || !b || !isNullTest(a) || !isNullTest(b) || a.op === b.op || !sameKey(a.field, b.field))
    return undefined;
  const alone = parts === 2 && before.length === 1 && after.length === 1;
  if (!alone && a.field.of !== "traits") return undefined;
  return joined("and", [...before.slice(0, -1), a.op === "ne" ? a : b, ...after.slice(1)]);
}

const joined = (op: "and" | "or", parts: readonly Filter[]): Filter =>
  parts.length === 1 ? (parts[0] as Filter) : { op, parts };

const isNullTest = (filter: Filter): filter is Extract<Filter, { literal: Literal }> =>
  (filter.op === "eq" || filter.op === "ne") && filter.literal.value === null;

const sameKey = (a: Field, b: Field): boolean =>
  a.of !== "field" && b.of !== "field" && a.of === b.of && a.key === b.key;
