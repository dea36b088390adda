// Which of the known names somebody meant who has given another one.

/** ` Did you mean 'partition'?` to end a message with, or nothing where none is near. */
export function didYouMean(given: string, known: readonly string[]): string {
  const asked = plain(given);
  // A third of it may be wrong: of more, nobody would see the likeness.
  let least = Math.floor(Math.max(asked.length, 3) / 3) + 1;
  let nearest: string | undefined;
  for (const name of known) {
    const meant = plain(name);
    // A name that goes on after what was given is nearer than one with another letter in it.
    const goesOn = asked.length > 2 && meant !== asked && meant.startsWith(asked);
    const steps = goesOn ? 0.5 : stepsBetween(asked, meant);
    if (steps >= least) continue;
    least = steps;
    nearest = name;
  }
  return nearest === undefined ? "" : ` Did you mean '${nearest}'?`;
}

/** `runs-at-once` and `runs_at_once` are runsAtOnce to whoever writes them. */
const plain = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[-_\s]/g, "")
    .slice(0, 64);

/** How many letters are to be put in, left out, changed, or swapped with the next one. */
function stepsBetween(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const changed = (last[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min(changed, (last[j] as number) + 1, (row[j - 1] as number) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        row[j] = Math.min(row[j] as number, (before[j - 2] as number) + 1);
    }
    before = last;
    last = row;
  }
  return last[b.length] as number;
}
