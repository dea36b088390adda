// Hears a tool of a build in an image: its lines go on as they are said, and the last of them are kept for an error.
import type { Say } from "./sharedWork.ts";

/** So much of what a tool said goes into an error. */
const LAST_LINES = 25;

export type LastWords = {
  /** Takes text in pieces, cut anywhere; the last line counts once it is ended. */
  readonly hear: (text: string) => void;
  /** Takes one line. */
  readonly add: (line: string) => void;
  /** The last lines so far. */
  readonly said: () => string;
};

/** Each line goes through `redact` first; what stands after a line `until` is heard by nobody. */
export function createLastWords(
  say: Say,
  { redact = (line) => line, until }: { redact?: (line: string) => string; until?: string } = {},
): LastWords {
  const last: string[] = [];
  let rest = "";
  let hears = true;
  const add = (line: string): void => {
    say(line);
    last.push(line);
    if (last.length > LAST_LINES) last.shift();
  };
  return {
    hear(text) {
      const lines = (rest + text).split(/\r?\n/);
      rest = lines.pop() ?? "";
      for (const line of lines.map(redact)) {
        hears &&= line !== until;
        if (!hears) return;
        add(line);
      }
    },
    add,
    said: () => last.join("\n").trim(),
  };
}
