// A line of a log in pieces of one colour each, as a terminal would show it.
import Anser from "anser";
import { colouredText } from "../../../parts/terminalText.ts";

export type Segment = { readonly text: string; readonly style: string };

/** The line in pieces of one style each; `style` is a list of class names without colours of its own. */
export function segmentsOf(line: string): readonly Segment[] {
  const shown = colouredText(line);
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
