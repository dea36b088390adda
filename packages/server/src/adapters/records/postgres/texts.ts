// Texts that PostgreSQL cannot hold, or whose JSON it cannot read: NUL, and halves of surrogate pairs as JSON escapes them. They are
// written with a sign of their own before them, which is taken away again when they are read. All other texts stay as they are.

/** Begins what is written in another way; itself written twice over. Of the area for private use. */
const SIGN = "\uE000";
const ITSELF = `${SIGN}\uE001`;
const NUL = `${SIGN}\uE002`;
const JSON_NUL = `${SIGN}\uE003`;
const JSON_HALF = `${SIGN}\uE004`;

// An escape counts where an even number of backslashes is before it: after an odd one it is a backslash and plain letters.
const ODD = /[\0\uE000]|(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f][0-9a-f]{2})/;
const ODD_PARTS = /\0|\uE000|((?<!\\)(?:\\\\)*)\\u(0000|d[89a-f][0-9a-f]{2})/g;

/** The text as the database holds it. */
export function writable(text: string): string {
  // Nearly all texts have none of the three, and these looks are quicker than one of the pattern.
  if (!text.includes("\\u") && !text.includes("\0") && !text.includes(SIGN)) return text;
  if (!ODD.test(text)) return text;
  return text.replace(ODD_PARTS, (found, slashes: string | undefined, hex: string | undefined) => {
    if (found === "\0") return NUL;
    if (found === SIGN) return ITSELF;
    return `${slashes ?? ""}${hex === "0000" ? JSON_NUL : `${JSON_HALF}${hex?.slice(1)}`}`;
  });
}

const WRITTEN = /\uE000(?:\uE001|\uE002|\uE003|\uE004([0-9a-f]{3}))/g;

/** The text as it was. */
export function readable(text: string): string {
  if (!text.includes(SIGN)) return text;
  return text.replace(WRITTEN, (found, hex: string | undefined) => {
    if (hex !== undefined) return `\\ud${hex}`;
    if (found === ITSELF) return SIGN;
    return found === NUL ? "\0" : "\\u0000";
  });
}

/** What stands for NUL in a text that was in JSON, and in one that was not: `replace(x, JSON_NUL, NUL)` makes them alike. */
export const NUL_IN_JSON = JSON_NUL;
export const NUL_IN_TEXT = NUL;
