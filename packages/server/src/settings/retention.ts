// Policies of retention in the settings: how long runs and their files are kept.
import type { RetentionPolicy } from "@malachite/core";

const WORDS = ["workspace", "experiment", "keepDays", "keepBytes", "unlessTag", "onlyTag", "remove"];

/** A list of policies, or the same as JSON. Each says by age or by size what goes. */
export function readRetention(value: unknown, from: string, faults: string[]): readonly RetentionPolicy[] {
  const given = typeof value === "string" ? parsed(value) : value;
  if (!Array.isArray(given)) {
    faults.push(`${from} must be a list of policies: - {experiment: "scratch-*", keepDays: 30}.`);
    return [];
  }
  return given.flatMap((entry: unknown, i) => {
    const wrong = faultsOf(entry);
    for (const fault of wrong) faults.push(`${from}: the policy number ${i + 1} ${fault}.`);
    return wrong.length > 0 ? [] : [policyOf(entry as Given)];
  });
}

type Given = Partial<Omit<RetentionPolicy, "unlessTag" | "onlyTag">> & {
  readonly unlessTag?: string | readonly string[];
  readonly onlyTag?: string | readonly string[];
};

const policyOf = ({ keepDays, keepBytes, ...given }: Given): RetentionPolicy => ({
  workspace: given.workspace ?? "*",
  experiment: given.experiment ?? "*",
  ...(keepDays === undefined ? {} : { keepDays }),
  ...(keepBytes === undefined ? {} : { keepBytes }),
  unlessTag: listOf(given.unlessTag),
  onlyTag: listOf(given.onlyTag),
  remove: given.remove ?? "files",
});

const listOf = (tags: string | readonly string[] = []): readonly string[] =>
  typeof tags === "string" ? [tags] : tags;

function faultsOf(entry: unknown): string[] {
  if (typeof entry !== "object" || entry === null || Array.isArray(entry)) return ["is no policy"];
  const given = entry as Record<string, unknown>;
  const isText = (one: unknown) => typeof one === "string" && one !== "";
  const isNumber = (one: unknown) => typeof one === "number" && Number.isFinite(one) && one >= 0;
  const isTags = (one: unknown) => isText(one) || (Array.isArray(one) && one.every(isText));
  const checks: Readonly<Record<string, readonly [(one: unknown) => boolean, string]>> = {
    workspace: [isText, "a pattern of names, as ws1 or SUBSCRIPTION/GROUP/*"],
    experiment: [isText, "a pattern of names, as scratch-*"],
    keepDays: [isNumber, "a number of days"],
    keepBytes: [isNumber, "a number of bytes"],
    unlessTag: [isTags, "tags, as keep or [keep, stage=prod]"],
    onlyTag: [isTags, "tags, as scratch"],
    remove: [(one) => one === "files" || one === "run", "files or run"],
  };
  return [
    ...Object.keys(given)
      .filter((word) => !WORDS.includes(word))
      .map((word) => `has '${word}', which policies do not know (they know ${WORDS.join(", ")})`),
    ...Object.entries(checks)
      .filter(([word, [isRight]]) => given[word] !== undefined && !isRight(given[word]))
      .map(([word, [, wanted]]) => `has a '${word}' that is not ${wanted}`),
    ...(given.keepDays === undefined && given.keepBytes === undefined ? ["needs keepDays or keepBytes"] : []),
  ];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
