// The patterns by which outputs are chosen, read as the SDK's own fnmatch reads them: `*` also crosses folders.

/** True for a path that one of the patterns fits, or when there are none. */
export function fits(path: string, patterns: readonly string[]): boolean {
  if (patterns.length === 0) return true;
  return patterns.some((pattern) => {
    const expression = expressionOf(pattern);
    // On a compute the whole path is looked at, so a pattern may begin with the slash in front of a name.
    return expression.test(path) || expression.test(`/${path}`);
  });
}

function expressionOf(pattern: string): RegExp {
  let text = "";
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern[at] as string;
    const close = char === "[" ? pattern.indexOf("]", at + (/^\[!?\]/.test(pattern.slice(at)) ? 3 : 1)) : -1;
    if (char === "*") {
      // Several in a row are one: no pattern may take for ever.
      if (!text.endsWith("[^]*")) text += "[^]*";
    } else if (char === "?") text += "[^]";
    else if (close > 0) {
      const inside = pattern
        .slice(at + 1, close)
        .replace(/\\/g, "\\\\")
        .replace(/^!/, "^")
        .replace(/^\]/, "\\]");
      text += `[${inside.replace(/(?<=.)[[\]]/g, "\\$&")}]`;
      at = close;
    } else text += char.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  }
  try {
    return new RegExp(`^${text}$`);
  } catch {
    // A set that is none, as [z-a]: it fits nothing.
    return /(?!)/;
  }
}
