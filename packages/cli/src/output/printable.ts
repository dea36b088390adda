// Makes foreign text safe to show on a terminal: names and tags come from other people.

/** Of a text of several lines each but the first is indented, so that none is taken for one of ours. */
export const printableLines = (text: string, indent: number): string =>
  text
    .split("\n")
    .map(printable)
    .join(`\n${" ".repeat(indent)}`);

/** Control characters, and the marks that turn the direction of text around, as escapes. */
export function printable(text: string): string {
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
