// Words and texts for a POSIX shell. Pure.

/** One word, whatever is in it. */
export const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

/** A text that a command reads as its input, or that becomes a file: nothing in it is the shell's. */
export function hereDocument(text: string): { readonly mark: string; readonly body: string } {
  let mark = "END";
  const lines = new Set(text.split("\n"));
  while (lines.has(mark)) mark += "_";
  return { mark: `<<'${mark}'`, body: `${text}\n${mark}` };
}
