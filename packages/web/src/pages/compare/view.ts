// What the comparison shows, as its address says it.

export type CompareView = {
  /** Ids of runs, separated by commas, which no id holds. The first one is what others are measured by. */
  readonly runs?: string;
  readonly part?: string;
  /** Shows what is the same too. */
  readonly all?: boolean;
  /** Runs whose lines are hidden. */
  readonly hidden?: string;
  readonly q?: string;
  readonly x?: string;
  readonly log?: boolean;
  readonly smooth?: number;
  readonly zoom?: string;
  /** Shows what the service measured. */
  readonly system?: boolean;
  /** The metric that parameters are seen against. */
  readonly metric?: string;
};
export type Change = (part: Partial<CompareView>) => void;

export const MOST_RUNS = 50;

export const PARTS = [
  { part: "fields", label: "Differences" },
  { part: "metrics", label: "Metrics" },
  { part: "relations", label: "Relations" },
  { part: "code", label: "Code" },
  { part: "environment", label: "Environment" },
  { part: "log", label: "Log" },
] as const;
export type Part = (typeof PARTS)[number]["part"];
/** Parts that compare just two runs. */
export const isOfTwo = (part: Part): boolean => part === "code" || part === "environment" || part === "log";

export const idsOf = (list: string | undefined): readonly string[] => [
  ...new Set((list ?? "").split(",").filter(Boolean)),
];
/** A list for the address; none is no list. */
export const listOf = (ids: readonly string[]): string | undefined =>
  ids.length === 0 ? undefined : ids.join();

export const partOf = (view: CompareView): Part =>
  PARTS.find(({ part }) => part === view.part)?.part ?? "fields";
