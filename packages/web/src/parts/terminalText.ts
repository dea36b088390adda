// What a terminal would make of a line, without colours: what only a terminal understands is taken out.

// Everything that moves a cursor, sets a title or makes a link; only colours (…m) are kept.
const CONTROLS = new RegExp(
  [
    "\\u001b\\][^\\u0007\\u001b]*(?:\\u0007|\\u001b\\\\)?", // titles and links
    "\\u001b\\[[0-9;?]*[A-Za-ln-z@`]", // movements
    "\\u001b[()#%][0-9A-Za-z]", // alphabets
    "\\u001b[=>78cDEHMNOZ]",
    "[\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001a\\u001c-\\u001f\\u007f]", // other controls, but not Escape itself
  ].join("|"),
  "g",
);

/** The line without what only a terminal understands: for searching, copying and reading aloud. */
export const plainText = (line: string): string =>
  afterReturn(line)
    .replace(CONTROLS, "")
    .replaceAll(/\u001b\[[0-9;]*m/g, "")
    .replaceAll("\u001b", "");

/** A bar of progress rewrites its line: what is left is what stands behind the last return that has something behind it. */
function afterReturn(line: string): string {
  if (!line.includes("\r")) return line;
  const parts = line.replace(/\r+$/, "").split("\r");
  return parts.at(-1) ?? "";
}

/** The line with its colours and nothing else that is no text. */
export const colouredText = (line: string): string => afterReturn(line).replace(CONTROLS, "");
