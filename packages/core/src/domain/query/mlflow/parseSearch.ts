// Reads MLflow's search language: comparisons joined by AND, and lists of what to order by. Pure.
import { badFilter } from "../tokens.ts";
import type { Comparator, SearchClause, SearchKey, SearchOrder } from "./search.ts";
import { type SearchToken, searchTokens } from "./searchTokens.ts";
import { comparatorsOf, DATASET_KEYS, isNumeric, type SearchSubject } from "./subjects.ts";

/** More text or comparisons than these are refused, so that no search costs more than it is worth. */
export const SEARCH_LIMITS = { length: 65_536, clauses: 200, listed: 1_000 } as const;

type What = "filter" | "order_by";

/** The clauses, none for a text of nothing but spaces. Throws BadFilter with the position and what was expected there. */
export function parseSearch(text: string, subject: SearchSubject): readonly SearchClause[] {
  if (text.length > SEARCH_LIMITS.length)
    throw badFilter(
      "filter",
      SEARCH_LIMITS.length,
      `it is longer than ${SEARCH_LIMITS.length} characters.`,
      "filter",
    );
  const reader = new Reader(searchTokens(text, "filter"), subject, "filter");
  return reader.clauses();
}

/** `metrics.loss DESC`, `start_time`: each with an optional ASC or DESC. The same key twice is refused. */
export function parseSearchOrder(texts: readonly string[], subject: SearchSubject): readonly SearchOrder[] {
  const orders: SearchOrder[] = [];
  const named = new Set<string>();
  for (const text of texts) {
    if (text.length > SEARCH_LIMITS.length)
      throw badFilter("order_by", SEARCH_LIMITS.length, "it is too long.", "order_by");
    const order = new Reader(searchTokens(text, "order_by"), subject, "order_by").order();
    const name = JSON.stringify([order.key.of, order.key.key]);
    if (named.has(name)) throw badFilter("order_by", 0, `'${text.slice(0, 60)}' is named twice.`, "order_by");
    named.add(name);
    orders.push(order);
    if (orders.length > 16) throw badFilter("order_by", 0, "more than 16 keys are named.", "order_by");
  }
  return orders;
}

class Reader {
  readonly #tokens: readonly SearchToken[];
  readonly #subject: SearchSubject;
  readonly #what: What;
  #next = 0;

  constructor(tokens: readonly SearchToken[], subject: SearchSubject, what: What) {
    this.#tokens = tokens;
    this.#subject = subject;
    this.#what = what;
  }

  clauses(): readonly SearchClause[] {
    const found: SearchClause[] = [];
    if (this.#peek().kind === "end") return found;
    for (;;) {
      found.push(this.#clause());
      if (found.length > SEARCH_LIMITS.clauses)
        throw this.#wrong(`it has more than ${SEARCH_LIMITS.clauses} comparisons.`);
      if (this.#peek().kind === "end") return found;
      if (this.#isWord("OR")) throw this.#wrong("OR is not part of this language; join comparisons by AND.");
      if (!this.#takeWord("AND")) throw this.#expected("AND or the end of the filter");
    }
  }

  order(): SearchOrder {
    const key = this.#key();
    const descending = this.#takeWord("DESC");
    if (!descending) this.#takeWord("ASC");
    if (this.#peek().kind !== "end") throw this.#expected("ASC, DESC or the end");
    return { key, descending };
  }

  #clause(): SearchClause {
    const key = this.#key();
    const at = this.#peek();
    const comparator = this.#comparator();
    const allowed = comparatorsOf(key, this.#subject);
    if (!allowed.includes(comparator))
      throw badFilter(
        this.#what,
        at.at,
        `${shown(key)} takes ${allowed.join(", ")}, found ${comparator}.`,
        this.#what,
      );
    if (comparator === "IS NULL" || comparator === "IS NOT NULL") return { key, comparator };
    if (comparator === "IN" || comparator === "NOT IN") return { key, comparator, value: this.#list() };
    return { key, comparator, value: this.#value(key) };
  }

  #key(): SearchKey {
    const token = this.#peek();
    if (token.kind !== "name")
      throw this.#expected(`a name such as ${[...this.#subject.kinds.keys()].at(-1)}.KEY or an attribute`);
    this.#next += 1;
    const { of, key } = this.#named(token);
    if (of === "dataset" && !DATASET_KEYS.has(key))
      throw badFilter(
        this.#what,
        token.at,
        `a dataset has ${[...DATASET_KEYS].join(", ")}, not '${key.slice(0, 60)}'.`,
        this.#what,
      );
    if (of !== "attribute") return { of, key };
    const attribute = this.#subject.attributes.get(key);
    const side = this.#what === "filter" ? "filter" : "order";
    if (attribute && (attribute.only === undefined || attribute.only === side))
      return { of, key: attribute.name };
    const names = [...new Set(this.#subject.attributes.values())]
      .filter(({ only }) => only === undefined || only === side)
      .map(({ name }) => name);
    throw badFilter(
      this.#what,
      token.at,
      `expected an attribute of ${this.#subject.subject} (${names.join(", ")}), found '${key.slice(0, 60)}'.`,
      this.#what,
    );
  }

  #named({ text, quoted, at }: SearchToken): SearchKey {
    if (quoted !== undefined && text === "") return { of: "attribute", key: quoted };
    const dot = text.indexOf(".");
    if (dot < 0) return { of: "attribute", key: text };
    const word = text.slice(0, dot);
    const of = this.#subject.kinds.get(word);
    const key = quoted === undefined ? text.slice(dot + 1) : text.slice(dot + 1) + quoted;
    if (of === undefined)
      throw badFilter(
        this.#what,
        at,
        `'${word.slice(0, 60)}' is not one of ${[...this.#subject.kinds.keys()].join(", ")}.`,
        this.#what,
      );
    if (key === "") throw badFilter(this.#what, at + text.length, `a key after '${text}'.`, this.#what);
    return { of, key };
  }

  #comparator(): Comparator {
    const token = this.#peek();
    if (token.kind === "sign") {
      if (token.text === "==") throw this.#wrong("equality is written =, not ==.");
      if (token.text === "<>") throw this.#wrong("inequality is written !=, not <>.");
      this.#next += 1;
      return token.text as Comparator;
    }
    if (this.#takeWord("LIKE")) return "LIKE";
    if (this.#takeWord("ILIKE")) return "ILIKE";
    if (this.#takeWord("IN")) return "IN";
    if (this.#takeWord("NOT")) {
      if (this.#takeWord("IN")) return "NOT IN";
      throw this.#expected("IN");
    }
    if (this.#takeWord("IS")) {
      const not = this.#takeWord("NOT");
      if (this.#takeWord("NULL")) return not ? "IS NOT NULL" : "IS NULL";
      throw this.#expected(not ? "NULL" : "NULL or NOT NULL");
    }
    throw this.#expected("a comparison (=, !=, <, <=, >, >=, LIKE, ILIKE, IN, NOT IN, IS NULL, IS NOT NULL)");
  }

  #value(key: SearchKey): string | number {
    const token = this.#peek();
    if (isNumeric(key, this.#subject)) {
      const value = token.kind === "number" ? Number(token.text) : Number.NaN;
      if (!Number.isFinite(value))
        throw this.#expected(`a number, for ${shown(key)} is compared with numbers`);
      this.#next += 1;
      return value;
    }
    if (token.kind !== "text")
      throw this.#expected(`a text in quotes, for ${shown(key)} is compared with texts`);
    this.#next += 1;
    return token.text;
  }

  #list(): readonly string[] {
    if (this.#peek().kind !== "open") throw this.#expected("a list of texts in brackets");
    this.#next += 1;
    const values: string[] = [];
    for (;;) {
      const token = this.#peek();
      if (token.kind !== "text") throw this.#expected("a text in quotes");
      values.push(token.text);
      if (values.length > SEARCH_LIMITS.listed)
        throw this.#wrong(`a list holds at most ${SEARCH_LIMITS.listed} texts.`);
      this.#next += 1;
      const { kind } = this.#peek();
      if (kind !== "comma" && kind !== "close") throw this.#expected("',' or ')'");
      this.#next += 1;
      if (kind === "close") return values;
      // A comma behind the last text is how Python prints a tuple of one.
      if (this.#peek().kind === "close") {
        this.#next += 1;
        return values;
      }
    }
  }

  #peek(): SearchToken {
    return this.#tokens[this.#next] as SearchToken;
  }

  #isWord(word: string): boolean {
    const token = this.#peek();
    return token.kind === "name" && token.quoted === undefined && token.text.toUpperCase() === word;
  }

  #takeWord(word: string): boolean {
    if (!this.#isWord(word)) return false;
    this.#next += 1;
    return true;
  }

  #expected(what: string): Error {
    const token = this.#peek();
    const found = token.kind === "end" ? "the end" : `'${(token.text + (token.quoted ?? "")).slice(0, 60)}'`;
    return this.#wrong(`expected ${what}, found ${found}.`);
  }

  #wrong(says: string): Error {
    return badFilter(this.#what, this.#peek().at, says, this.#what);
  }
}

const shown = ({ of, key }: SearchKey): string =>
  of === "attribute" ? `'${key}'` : `'${of}.${key.slice(0, 60)}'`;
