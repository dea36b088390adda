// Which of the pythons that are there a conda constraint means: `3.8.13`, `=3.8`, `>=3.8,<3.11`, `3.8.*|3.9.*`. Pure.

/** What was chosen, and whether it is all that was asked: another patch of the same minor is told to the user. */
export type ChosenVersion = { readonly version: string; readonly exact: boolean };

type Version = readonly number[];
/** One condition of a constraint. */
export type VersionCondition = {
  readonly op: "=" | "==" | "!=" | ">=" | "<=" | ">" | "<" | "~=";
  readonly version: Version;
};

const ATOM = /^(==|!=|>=|<=|~=|=|>|<)?\s*(\d+(?:\.\d+)*)(\.?\*)?$/;

const versionOf = (text: string): Version => text.split(".").map(Number);

/** The alternatives of a constraint; undefined for one that is not about plain numbers. */
function alternatives(constraint: string): readonly (readonly VersionCondition[])[] | undefined {
  const read = constraint.split("|").map((part) => part.split(",").map((atom) => readAtom(atom.trim())));
  return read.every((atoms): atoms is VersionCondition[] => atoms.every((atom) => atom !== undefined))
    ? read
    : undefined;
}

function readAtom(text: string): VersionCondition | undefined {
  const found = ATOM.exec(text);
  if (!found?.[2]) return undefined;
  const version = versionOf(found[2]);
  const star = found[3] !== undefined;
  const op = (found[1] ?? "==") as VersionCondition["op"];
  // `3.8.*` and `=3.8` mean every 3.8; a star behind `>=` changes nothing.
  return { op: star && op === "==" ? "=" : op, version };
}

function compare(a: Version, b: Version): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

const startsWith = (version: Version, start: Version): boolean =>
  start.every((part, i) => (version[i] ?? 0) === part);

function holds(version: Version, { op, version: wanted }: VersionCondition): boolean {
  const order = compare(version, wanted);
  switch (op) {
    case "=":
      return startsWith(version, wanted);
    case "==":
      return order === 0;
    case "!=":
      return order !== 0;
    case ">=":
      return order >= 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    case "<":
      return order < 0;
    case "~=":
      return order >= 0 && startsWith(version, wanted.slice(0, -1));
  }
}

/** The alternatives of a plain constraint. */
export const conditionsOf = (constraint: string): readonly (readonly VersionCondition[])[] =>
  alternatives(constraint) ?? [];

/** True for a constraint that `choosePython` understands; others are the business of a conda solver. */
export const isPlainConstraint = (constraint: string): boolean => alternatives(constraint) !== undefined;

/**
 * The newest version that the constraint allows. Where it names one patch, and that is not there, the newest patch of the same
 * minor. Undefined: nothing of it is there.
 */
export function choosePython(constraint: string, versions: readonly string[]): ChosenVersion | undefined {
  const newestFirst = [...versions].sort((a, b) => compare(versionOf(b), versionOf(a)));
  const wanted = alternatives(constraint) ?? [];
  const allowed = (atoms: readonly VersionCondition[]) => (version: string) =>
    atoms.every((atom) => holds(versionOf(version), atom));
  const version = newestFirst.find((one) => wanted.some((atoms) => allowed(atoms)(one)));
  if (version !== undefined) return { version, exact: true };
  for (const [atom, ...more] of wanted) {
    if (!atom || more.length > 0 || !["=", "=="].includes(atom.op)) continue;
    const minor = newestFirst.find((one) => startsWith(versionOf(one), atom.version.slice(0, 2)));
    if (minor !== undefined) return { version: minor, exact: false };
  }
  return undefined;
}

/** `3.8` of `=3.8.13`: what to fetch where nothing is there. Undefined for ranges. */
export function minorOf(constraint: string): string | undefined {
  const [atoms, ...more] = alternatives(constraint) ?? [];
  const [atom, ...others] = atoms ?? [];
  if (!atom || more.length > 0 || others.length > 0 || !["=", "==", "~="].includes(atom.op)) return undefined;
  return atom.version.length < 2 ? undefined : atom.version.slice(0, 2).join(".");
}
