// What runs were asked to do and what came of it, field by field, so that they stand side by side. Pure.
import type { Run, RunValues, WholeRunDefinition } from "@malachite/client";

/** What is known of a run; parts that are not there yet, or that the run lacks, are absent. */
export type Compared = {
  readonly run?: Run;
  readonly definition?: WholeRunDefinition;
  readonly values?: RunValues;
};

export type Value = string | number | undefined;
export type Field = {
  readonly group: string;
  readonly name: string;
  /** One for each run. */
  readonly values: readonly Value[];
  readonly differs: boolean;
};

/** All fields that some of the runs have. */
export function fieldsOf(all: readonly Compared[]): readonly Field[] {
  const groups: readonly (readonly [string, (one: Compared) => Readonly<Record<string, Value>>])[] = [
    ["Run", runFields],
    ["Parameters", ({ values }) => values?.params ?? {}],
    ["Arguments", ({ definition, run }) => argumentsOf(argumentList(definition) ?? argumentList(run))],
    ["Tags", ({ run }) => texts(run?.tags)],
    ["Metrics", metricFields],
    ["Definition", ({ definition }) => definitionFields(definition)],
  ];
  return groups.flatMap(([group, read]) => {
    const each = all.map(read);
    const names = [...new Set(each.flatMap((values) => Object.keys(values)))];
    return names.map((name): Field => {
      const values = each.map((one) => (Object.hasOwn(one, name) ? one[name] : undefined));
      return { group, name, values, differs: values.some((value) => !Object.is(value, values[0])) };
    });
  });
}

const texts = (map: Readonly<Record<string, unknown>> | null | undefined): Record<string, Value> =>
  Object.fromEntries(
    Object.entries(map ?? {}).map(([name, value]) => [name, value === null ? undefined : String(value)]),
  );

function runFields({ run }: Compared): Record<string, Value> {
  if (run === undefined) return {};
  const { startTimeUtc: start, endTimeUtc: end } = run;
  const took = start && end ? (new Date(end).getTime() - new Date(start).getTime()) / 1000 : undefined;
  return {
    Status: run.status,
    Target: run.target,
    Script: run.scriptName ?? undefined,
    "Seconds taken": took,
    Error: run.error?.error?.message ?? undefined,
  };
}

const metricFields = ({ values }: Compared): Record<string, Value> =>
  Object.fromEntries(Object.entries(values?.metrics ?? {}).map(([name, { value }]) => [name, value]));

type Loose = Readonly<Record<string, unknown>>;
const isLoose = (value: unknown): value is Loose =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The arguments of the script, wherever the definition has them. */
function argumentList(from: unknown): readonly unknown[] | undefined {
  if (!isLoose(from)) return undefined;
  for (const place of [
    from.resolved,
    from.sent,
    from.runDefinition,
    from.configuration,
    from.Configuration,
  ]) {
    const found = argumentList(place);
    if (found) return found;
  }
  const own = from.arguments ?? from.Arguments;
  return Array.isArray(own) ? own : undefined;
}

/** `--lr 0.1` and `--lr=0.1` are a name and a value; what has no name is called by its place. */
export function argumentsOf(list: readonly unknown[] | undefined): Record<string, Value> {
  const found: Record<string, Value> = {};
  const texts = (list ?? []).map((one) => (typeof one === "string" ? one : JSON.stringify(one)));
  let place = 0;
  for (let i = 0; i < texts.length; i += 1) {
    const text = texts[i] as string;
    const [, name, value] = /^(--?[A-Za-z][^=]*)(?:=(.*))?$/s.exec(text) ?? [];
    const next = texts[i + 1];
    const isNext = next !== undefined && !/^--?[A-Za-z]/.test(next);
    if (name === undefined) found[`argument ${++place}`] = text;
    else if (value !== undefined) found[name] = value;
    else if (isNext) {
      found[name] = next;
      i += 1;
    } else found[name] = "given";
  }
  return found;
}

/** Every leaf of the definition by its path, without the arguments, which stand for themselves. */
function definitionFields(definition: WholeRunDefinition | undefined): Record<string, Value> {
  const found: Record<string, Value> = {};
  const add = (value: unknown, path: string) => {
    if (/(^|\.)arguments$/i.test(path)) return;
    if (isLoose(value)) {
      for (const [name, inner] of Object.entries(value)) add(inner, path === "" ? name : `${path}.${name}`);
    } else if (Array.isArray(value)) {
      if (value.some((one) => typeof one === "object" && one !== null))
        for (const [i, inner] of value.entries()) add(inner, `${path}[${i}]`);
      else if (value.length > 0) found[path] = value.join(", ");
    } else if (value !== null && value !== undefined && value !== "") found[path] = String(value);
  };
  add(definition?.resolved ?? definition?.sent ?? {}, "");
  const { environment, launch, snapshotId } = definition ?? {};
  if (snapshotId) found.snapshotId = snapshotId;
  for (const [name, value] of Object.entries({
    python: environment?.python,
    image: environment?.image,
    id: environment?.id,
  }))
    if (value) found[`environment ${name}`] = value;
  if (launch) found.nodes = String(launch.nodes);
  return found;
}

/** Fields whose values are numbers in at least two runs, and not all the same: what can be seen against a metric. */
export function numericFields(
  fields: readonly Field[],
): readonly { readonly name: string; readonly values: readonly (number | undefined)[] }[] {
  return fields
    .filter(({ group }) => group === "Parameters" || group === "Arguments" || group === "Tags")
    .flatMap(({ name, values }) => {
      const numbers = values.map((value) => {
        if (value === undefined || value === "") return undefined;
        const number = Number(value);
        return Number.isFinite(number) ? number : undefined;
      });
      const there = new Set(numbers.filter((value) => value !== undefined));
      return there.size > 1 ? [{ name, values: numbers }] : [];
    });
}
