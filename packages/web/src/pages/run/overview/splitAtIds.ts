// A sentence in which ids of runs stand, in pieces. Pure.

export type Piece = { readonly text: string; readonly id?: string };

/** Splits a text where one of the ids stands as a word of its own; longer ids win over shorter ones that begin them. */
export function splitAtIds(text: string, ids: readonly string[]): Piece[] {
  const known = new Set(ids);
  const pieces: Piece[] = [];
  let plain = "";
  for (const word of text.split(/([a-zA-Z0-9][\w-]*)/)) {
    if (!known.has(word)) {
      plain += word;
      continue;
    }
    if (plain !== "") pieces.push({ text: plain });
    pieces.push({ text: word, id: word });
    plain = "";
  }
  if (plain !== "") pieces.push({ text: plain });
  return pieces;
}
