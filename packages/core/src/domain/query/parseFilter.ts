// Reads the OData subset that clients of run history send: eq ne gt ge lt le, and or not, brackets. Pure.
import type { Fields } from "./fields.ts";
import type { Comparison, Field, Filter } from "./filter.ts";
import { parseField } from "./parseField.ts";
import { parseLiteral } from "./parseLiteral.ts";
import { badFilter, type Token, tokens } from "./tokens.ts";

/** More text, nesting or comparisons than these are refused, so that no filter costs more than it is worth. */
export const FILTER_LIMITS = { length: 65_536, depth: 64, comparisons: 500 } as const;

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
  const reader = new Reader(tokens(text), fields);
  return reader.peek().kind === "end" ? undefined : reader.whole();
}

class Reader {
  readonly #tokens: readonly Token[];
  readonly #fields: Fields;
  #next = 0;
  #depth = 0;
  #comparisons = 0;

  constructor(list: readonly Token[], fields: Fields) {
    this.#tokens = list;
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
    return hasKey(this.#chain("or", () => this.#chain("and", () => this.#one())));
  }

  #chain(op: "and" | "or", part: () => Filter): Filter {
    const parts: Filter[] = [];
    do {
      const read = part();
      if (read.op === op) parts.push(...read.parts);
      else parts.push(read);
    } while (this.#takeWord(op));
    return parts.length === 1 ? (parts[0] as Filter) : { op, parts };
  }

  #one(): Filter {
    const at = this.peek().at;
    if (this.#takeWord("not")) return { op: "not", part: this.#deeper(at, () => this.#one()) };
    if (this.peek().kind !== "open") return this.#comparison();
    this.#next += 1;
    const inner = this.#deeper(at, () => this.#any());
    if (this.peek().kind !== "close") throw this.#expected("'and', 'or' or ')'");
    this.#next += 1;
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
    this.#comparisons += 1;
    if (this.#comparisons > FILTER_LIMITS.comparisons)
      throw badFilter(
        "filter",
        this.peek().at,
        `it has more than ${FILTER_LIMITS.comparisons} comparisons.`,
        "filter",
      );
    const { field, info } = this.#field();
    const op = this.#comparer();
    const token = this.peek();
    if ((token.kind !== "word" && token.kind !== "quoted") || this.#isKeyword(token))
      throw this.#expected("a value (a text in quotes, a number, a date, true, false or null)");
    const literal = parseLiteral(token, info);
    this.#next += 1;
    return { op, field, literal };
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
      throw this.#expected("a comparison (eq, ne, gt, ge, lt or le)");
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
 * run; nobody can mean that, so it is read as `Tags/k ne null`.
 */
function hasKey(filter: Filter): Filter {
  if (filter.op !== "or" || filter.parts.length !== 2) return filter;
  const [a, b] = filter.parts as [Filter, Filter];
  if (!isNullTest(a) || !isNullTest(b) || a.op === b.op || !sameKey(a.field, b.field)) return filter;
  return a.op === "ne" ? a : b;
}

const isNullTest = (filter: Filter): filter is Extract<Filter, { field: Field }> =>
  (filter.op === "eq" || filter.op === "ne") && filter.literal.value === null;

const sameKey = (a: Field, b: Field): boolean =>
  a.of !== "field" && b.of !== "field" && a.of === b.of && a.key === b.key;
