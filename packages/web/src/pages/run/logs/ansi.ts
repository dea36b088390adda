// What a terminal would make of a line: colours, and only what the last carriage return left standing.
import Anser from "anser";

export type Segment = { readonly text: string; readonly style: string };

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

/** The line in pieces of one style each; `style` is a list of class names without colours of its own. */
export function segmentsOf(line: string): readonly Segment[] {
  const shown = afterReturn(line).replace(CONTROLS, "");
  if (!shown.includes("\u001b")) return [{ text: shown, style: "" }];
  return Anser.ansiToJson(shown, { use_classes: true, remove_empty: true, json: true }).map((part) => ({
    text: part.content.replaceAll("\u001b", ""),
    style: [
      part.fg && `fg-${nameOf(part.fg)}`,
      part.bg && `bg-${nameOf(part.bg)}`,
      ...(part.decorations ?? []).map((one) => `is-${one}`),
    ]
      .filter(Boolean)
      .join(" "),
  }));
}

/** Of the 256 colours of a palette the sixteen first have names; the others are shown as the text around them. */
const nameOf = (colour: string): string => colour.replace(/^ansi-/, "");
