// What may differ between lines that are to count as the same. Pure.

/** Dates and times as loggers write them, with or without fractions and zones. */
const TIMES =
  /\d{4}[-/]\d{2}[-/]\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?)?(?:\s?(?:Z|UTC|[+-]\d{2}:?\d{2}))?|\b\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d+)?\b|\b\d+(?:\.\d+)?\s?(?:ms|s|sec|seconds|it\/s|s\/it|h|min)\b/g;
/** Whole and broken numbers, and addresses. */
const NUMBERS = /0x[0-9a-fA-F]+|\d+(?:[.,]\d+)*(?:[eE][-+]?\d+)?/g;

/** The line without what is ignored. */
export function withoutIgnored(line: string, ignore: readonly ("times" | "numbers")[]): string {
  const plain = ignore.includes("times") ? line.replace(TIMES, "~") : line;
  return ignore.includes("numbers") ? plain.replace(NUMBERS, "#") : plain;
}
