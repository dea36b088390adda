// Random runs and random filters over them, made so that filters often hold for some of the runs and not for others.
import type {
  Comparison,
  Field,
  Filter,
  Life,
  Literal,
  NewRun,
  Order,
  Run,
  RunStatus,
  Scope,
  TextTest,
} from "@malachite/core";
import fc from "fast-check";
import { valueOfField } from "./matches.ts";
import { newRun } from "./recordsUnderTest.ts";

const STATUSES: readonly RunStatus[] = ["NotStarted", "Queued", "Running", "Completed", "Failed", "Canceled"];
const WORDS = [
  "red",
  "Red",
  "blue",
  "",
  "a'b",
  'c"d',
  "é",
  "\u{1F600}",
  "\uffee",
  "null",
  "12",
  "x".repeat(300),
  `${"x".repeat(299)}y`,
];
const TAGS = ["colour", "odd 'key'", "__proto__", "k".repeat(300)];

const sometimes = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const word = fc.constantFrom(...WORDS);
const instant = fc.integer({ min: 0, max: 5 }).map((n) => 1_700_000_000_000 + n * 1_000);

const shape = fc.record({
  experiment: fc.constantFrom("e1", "e2", "e3"),
  parent: sometimes(fc.integer({ min: 0, max: 20 })),
  createdAt: instant,
  target: fc.constantFrom("local", "gpu"),
  by: fc.constantFrom("Ada", "Grace"),
  name: sometimes(word),
  displayName: sometimes(word),
  hidden: sometimes(fc.boolean()),
  runType: sometimes(fc.constantFrom("azureml.scriptrun", "hyperdrive")),
  orchestrator: sometimes(fc.constantFrom("Execution", "Pipeline")),
  traits: sometimes(fc.subarray(["deep", "wide"])),
  description: sometimes(word),
  tags: fc.array(fc.tuple(fc.constantFrom(...TAGS), word), { maxLength: 3 }),
  source: sometimes(fc.constantFrom("azureml.scriptrun", "x")),
  status: fc.constantFrom(...STATUSES),
  startedAt: sometimes(fc.oneof(instant, fc.constant(-5))),
  endedAt: sometimes(instant),
});

/** The same runs every time: a list that is wrong must be wrong again. */
export function randomRuns(
  scope: Scope,
  count: number,
): readonly { readonly run: NewRun; readonly life?: Life }[] {
  return fc.sample(shape, { seed: 7_464, numRuns: count }).map((given, i) => {
    const { name, displayName, hidden, runType, orchestrator, status, startedAt, endedAt } = given;
    const run = newRun(scope, `r${i}`, {
      experimentName: given.experiment,
      ...(given.parent === undefined ? {} : { parentRunId: `r${given.parent}` }),
      createdAt: given.createdAt,
      target: given.target,
      createdBy: { name: given.by, objectId: `id of ${given.by}`, tenantId: "t" },
      about: {
        name,
        displayName,
        hidden,
        runType,
        description: given.description,
        ...(orchestrator === undefined ? {} : { runTypeV2: { orchestrator, traits: given.traits } }),
        tags: Object.fromEntries(given.tags),
        properties: given.source === undefined ? {} : { "azureml.runsource": given.source },
        warnings: [],
      },
    });
    return status === "NotStarted" ? { run } : { run, life: { status, attempt: 1, startedAt, endedAt } };
  });
}

const plain = (name: string): Field => ({ of: "field", name });
const FIELDS: readonly Field[] = [
  ..."runid runnumber status name displayname createdutc starttimeutc endtimeutc lastmodifiedutc target runtype"
    .split(" ")
    .map(plain),
  ..."runtypev2/orchestrator scriptname parentrunid rootrunid experimentid userid createdby hidden"
    .split(" ")
    .map(plain),
  plain("experimentname"),
  plain("description"),
  { of: "traits", key: "deep" },
  ...TAGS.map((key): Field => ({ of: "tags", key })),
  { of: "properties", key: "azureml.runsource" },
];

/** Which are numbers, dates or booleans. */
const NO_TEXTS = new Set("runnumber createdutc starttimeutc endtimeutc lastmodifiedutc hidden".split(" "));

/** Filters whose values come from the runs, so that they hold for some. */
export function anyFilter(all: readonly Run[]): fc.Arbitrary<Filter> {
  const comparison = fc.constantFrom<Comparison>("eq", "eq", "eq", "ne", "gt", "ge", "lt", "le");
  const from = fc.nat(all.length - 1);
  const leaf = fc
    .tuple(comparison, fc.constantFrom(...FIELDS), from, fc.boolean())
    .map(([op, field, at, none]): Filter => {
      const value = valueOfField(all[at] as Run, field);
      const literal: Literal = { value: none && op !== "eq" ? null : value };
      return { op, field, literal };
    });
  const texts = FIELDS.filter((field) => field.of !== "field" || !NO_TEXTS.has(field.name));
  const looksInto = fc
    .tuple(
      fc.constantFrom<TextTest>("contains", "startswith", "endswith"),
      fc.constantFrom(...texts),
      from,
      fc.nat(6),
      fc.nat(6),
    )
    .map(([op, field, at, begin, length]): Filter => {
      const whole = [...String(valueOfField(all[at] as Run, field) ?? "")];
      const start = op === "startswith" ? 0 : op === "endswith" ? Math.max(0, whole.length - length) : begin;
      return { op, field, text: whole.slice(start, start + length).join("") };
    });
  const sameField = fc.tuple(fc.constantFrom(...FIELDS), fc.array(from, { minLength: 2, maxLength: 20 })).map(
    ([field, some]): Filter => ({
      op: "or",
      parts: some.map(
        (at): Filter => ({ op: "eq", field, literal: { value: valueOfField(all[at] as Run, field) } }),
      ),
    }),
  );
  return fc.letrec<{ node: Filter }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 3 },
      leaf,
      looksInto,
      sameField,
      fc
        .tuple(
          fc.constantFrom<"and" | "or">("and", "or"),
          fc.array(tie("node"), { minLength: 2, maxLength: 3 }),
        )
        .map(([op, parts]): Filter => ({ op, parts })),
      tie("node").map((part): Filter => ({ op: "not", part })),
    ),
  })).node;
}

/** Orders by up to three fields. */
export const anyOrder = (): fc.Arbitrary<readonly Order[]> =>
  fc.uniqueArray(
    fc.record({
      field: fc.constantFrom(
        ...FIELDS.filter((field) => field.of === "field" && field.name !== "description"),
      ),
      descending: fc.boolean(),
    }),
    { maxLength: 3, selector: ({ field }) => JSON.stringify(field) },
  );
