// Small words of MLflow's wire: keys and values, numbers that JSON has no number for, bounds of pages.
import type { mlflow } from "@malachite/contract";
import { MalachiteError } from "@malachite/core";

type Texts = Readonly<Record<string, string>>;
type Pairs = readonly mlflow.KeyValue[];

export const keyValues = (texts: Texts): mlflow.KeyValue[] =>
  Object.entries(texts).map(([key, value]) => ({ key, value }));

/** A value that is left out is the empty text. Throws InvalidRequest for a missing key. */
export const pairsOf = (sent: Pairs | undefined, what: string): (readonly [string, string])[] =>
  (sent ?? []).map(({ key, value }, i) => {
    if (key !== undefined) return [key, value ?? ""];
    throw new MalachiteError("InvalidRequest", `Missing value for required parameter '${what}[${i}].key'.`, {
      target: `${what}[${i}].key`,
    });
  });
export const textsOf = (sent: Pairs | undefined, what: string): Texts =>
  Object.fromEntries(pairsOf(sent, what));

/** JSON has no NaN and no infinities: MLflow writes them as words. */
export const doubleOut = (value: number): number | string => (Number.isFinite(value) ? value : String(value));

const WORDS: Readonly<Record<string, number>> = {
  nan: Number.NaN,
  infinity: Number.POSITIVE_INFINITY,
  "+infinity": Number.POSITIVE_INFINITY,
  inf: Number.POSITIVE_INFINITY,
  "-infinity": Number.NEGATIVE_INFINITY,
  "-inf": Number.NEGATIVE_INFINITY,
};

/** Throws InvalidRequest for what is no number. */
export function doubleIn(sent: unknown, target: string): number {
  if (typeof sent === "number") return sent;
  const word = typeof sent === "string" ? sent.trim().toLowerCase() : "";
  const known = WORDS[word];
  if (known !== undefined) return known;
  const read = word === "" ? Number.NaN : Number(word);
  if (!Number.isNaN(read)) return read;
  const found = JSON.stringify(sent) ?? "nothing";
  throw new MalachiteError(
    "InvalidRequest",
    `Invalid value ${found.slice(0, 80)} for parameter '${target}' supplied: a metric is a number, or "NaN", "Infinity" or "-Infinity".`,
    { target },
  );
}

/** How many are asked for. Throws InvalidRequest in the words of MLflow's own server. */
export function howMany(asked: number | undefined, usual: number, most: number): number {
  if (asked === undefined) return usual;
  if (asked >= 1 && asked <= most) return asked;
  const bound = asked < 1 ? "at least 1" : `at most ${most}`;
  throw new MalachiteError(
    "InvalidRequest",
    `Invalid value for request parameter max_results. It must be ${bound}, but got value ${asked}`,
    { target: "max_results" },
  );
}

/** Clients send an empty token for none. */
export const tokenOf = (sent: string | undefined): { readonly after?: string } =>
  sent === undefined || sent === "" ? {} : { after: sent };

export const viewOf = (sent: (typeof mlflow.VIEW_TYPES)[number] | undefined) =>
  (({ ACTIVE_ONLY: "active", DELETED_ONLY: "deleted", ALL: "all" }) as const)[sent ?? "ACTIVE_ONLY"];
