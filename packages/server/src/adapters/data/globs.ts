// The patterns by which outputs are chosen, read as the SDK's own fnmatch reads them: `*` also crosses folders. Without regular
// expressions: those of a hostile user would take for ever.

/** True for a path that one of the patterns fits, or when there are none. */
export function fits(path: string, patterns: readonly string[]): boolean {
  if (patterns.length === 0) return true;
  return patterns.some((pattern) => {
    const parts = partsOf(pattern);
    // On a compute the whole path is looked at, so a pattern may begin with the slash in front of a name.
    return matches([...path], parts) || matches(["/", ...path], parts);
  });
}

type Part = "*" | ((char: string) => boolean);

function partsOf(pattern: string): readonly Part[] {
  const chars = [...pattern];
  const parts: Part[] = [];
  for (let at = 0; at < chars.length; at += 1) {
    const char = chars[at] as string;
    const inside = at + (chars[at + 1] === "!" ? 2 : 1);
    // A bracket that comes first is one of the set.
    const end = char === "[" ? chars.indexOf("]", inside + 1) : -1;
    if (char === "*") parts.push("*");
    else if (char === "?") parts.push(() => true);
    else if (end > 0) {
      const isIn = setOf(chars.slice(inside, end));
      parts.push(inside === at + 2 ? (one) => !isIn(one) : isIn);
      at = end;
    } else parts.push((one) => one === char);
  }
  return parts;
}

/** `abc`, `a-z`; a dash first or last is itself. */
function setOf(chars: readonly string[]): (char: string) => boolean {
  const ranges: (readonly [string, string])[] = [];
  for (let at = 0; at < chars.length; at += 1) {
    const [from, dash, to] = [chars[at] as string, chars[at + 1], chars[at + 2]];
    if (dash === "-" && to !== undefined) at += 2;
    ranges.push([from, dash === "-" && to !== undefined ? to : from]);
  }
  return (char) => ranges.some(([from, to]) => from <= char && char <= to);
}

/** Goes back to the latest star alone, which is enough: so it takes the product of both lengths at most. */
function matches(chars: readonly string[], parts: readonly Part[]): boolean {
  let part = 0;
  let star = -1;
  let retry = 0;
  for (let at = 0; at < chars.length; ) {
    const one = parts[part];
    if (one === "*") {
      star = part++;
      retry = at;
    } else if (one?.(chars[at] as string)) {
      at += 1;
      part += 1;
    } else if (star >= 0) {
      part = star + 1;
      at = ++retry;
    } else return false;
  }
  return parts.slice(part).every((one) => one === "*");
}
