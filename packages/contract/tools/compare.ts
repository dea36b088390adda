// Compares what this contract describes with the public descriptions, fact by fact. Run as a program it prints what differs
// and ends with 1 when something differs that knownDifferences.ts does not explain.
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { openApiDocument } from "../src/openapi.ts";
import { type Facts, factsOf } from "./facts.ts";
import { KNOWN_DIFFERENCES } from "./knownDifferences.ts";

export const PUBLIC_FILES = ["execution.json", "runHistory.json", "artifact.json", "datastore.json"] as const;

/** Beside the checkout, where the public descriptions are kept; they are not part of this repository. */
export const DEFAULT_FOLDER = fileURLToPath(
  new URL("../../../../shared/contract/2019-09-30", import.meta.url),
);

export type Difference = {
  /** `missing`: only they have it. `added`: only we have it, on something they describe. `differs`: both, not the same. */
  readonly kind: "missing" | "added" | "differs";
  /** The file and the fact: `execution.json: POST … query runId`. */
  readonly where: string;
  readonly theirs?: string;
  readonly ours?: string;
};

/** What differs between a public description and ours. Operations and models that only we have are our own business. */
export function differences(file: string, theirs: Facts, ours: Facts): Difference[] {
  const found: Difference[] = [];
  for (const [name, what] of theirs) {
    const mine = ours.get(name);
    const subject = subjectOf(name);
    // What is not there at all is told once, not part by part.
    if (subject !== name && !ours.has(subject)) continue;
    if (mine === undefined) found.push({ kind: "missing", where: `${file}: ${name}`, theirs: what });
    else if (mine !== what)
      found.push({ kind: "differs", where: `${file}: ${name}`, theirs: what, ours: mine });
  }
  for (const [name, what] of ours) {
    if (!theirs.has(name) && theirs.has(subjectOf(name))) {
      found.push({ kind: "added", where: `${file}: ${name}`, ours: what });
    }
  }
  return found;
}

/** The operation or the model that a fact is about. */
const subjectOf = (name: string): string => /^(?:model [^.]+|[A-Z]+ \S+)/.exec(name)?.[0] ?? name;

export type Comparison = {
  readonly compared: number;
  readonly unexpected: readonly Difference[];
  /** Explanations that explain nothing any more. */
  readonly stale: readonly string[];
};

/** Compares with the public files of a folder. */
export function comparePublic(folder: string): Comparison {
  const ours = factsOf(openApiDocument());
  const used = new Set<string>();
  const unexpected: Difference[] = [];
  let compared = 0;
  for (const file of PUBLIC_FILES) {
    const theirs = factsOf(JSON.parse(readFileSync(`${folder}/${file}`, "utf8")));
    compared += theirs.size;
    for (const difference of differences(file, theirs, ours)) {
      const known = KNOWN_DIFFERENCES.find(
        ({ kind, where }) => kind === difference.kind && where.test(difference.where),
      );
      if (known) used.add(known.why);
      else unexpected.push(difference);
    }
  }
  const stale = KNOWN_DIFFERENCES.filter(({ why }) => !used.has(why)).map(({ why }) => why);
  return { compared, unexpected, stale };
}

/** One line for people. */
export const show = ({ kind, where, theirs, ours }: Difference): string =>
  `${kind}  ${where}${theirs === undefined ? "" : `\n    theirs: ${theirs}`}${ours === undefined ? "" : `\n    ours:   ${ours}`}`;

if (import.meta.main) {
  const folder = process.argv[2] ?? DEFAULT_FOLDER;
  if (!existsSync(`${folder}/execution.json`)) {
    console.error(`There are no public descriptions in ${folder}. Give their folder as the argument.`);
    process.exitCode = 2;
  } else {
    const { compared, unexpected, stale } = comparePublic(folder);
    for (const difference of unexpected) console.log(show(difference));
    for (const why of stale) console.log(`explains nothing any more: ${why}`);
    console.log(`${compared} facts compared, ${unexpected.length} unexpected differences`);
    if (unexpected.length + stale.length > 0) process.exitCode = 1;
  }
}
