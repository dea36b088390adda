// What a filter and an order mean, said a second time without any database: the measure for the lists of every store.
import type { Comparison, Field, Filter, Order, Run, TextTest } from "@malachite/core";

type Value = string | number | boolean | null;

const FIELD: Readonly<Record<string, (run: Run) => Value | undefined>> = {
  runid: (run) => run.id,
  runnumber: (run) => run.number,
  status: (run) => run.life.status,
  name: (run) => run.about.name,
  displayname: (run) => run.about.displayName,
  createdutc: (run) => run.createdAt,
  starttimeutc: (run) => run.life.startedAt,
  endtimeutc: (run) => run.life.endedAt,
  lastmodifiedutc: (run) => run.changedAt,
  target: (run) => run.target,
  runtype: (run) => run.about.runType,
  "runtypev2/orchestrator": (run) => run.about.runTypeV2?.orchestrator as string | undefined,
  scriptname: (run) => run.about.scriptName,
  parentrunid: (run) => run.parentRunId,
  rootrunid: (run) => run.rootRunId,
  experimentid: (run) => run.experimentId,
  experimentname: (run) => run.experimentName,
  description: (run) => run.about.description,
  userid: (run) => run.createdBy.objectId,
  createdby: (run) => run.createdBy.name,
  hidden: (run) => run.about.hidden ?? false,
};

/** The value of a field of the run; null when it has none. */
export function valueOfField(run: Run, field: Field): Value {
  if (field.of === "field") return FIELD[field.name]?.(run) ?? null;
  if (field.of === "traits") {
    const traits = run.about.runTypeV2?.traits;
    return Array.isArray(traits) && traits.includes(field.key) ? field.key : null;
  }
  // Neither is a part of the record; suites that log them say what they expect themselves.
  if (field.of === "params" || field.of === "metrics") return null;
  const map = run.about[field.of];
  return Object.hasOwn(map, field.key) ? (map[field.key] as string) : null;
}

/** Whether the filter holds for the run. */
export function matches(run: Run, filter: Filter): boolean {
  switch (filter.op) {
    case "and":
      return filter.parts.every((part) => matches(run, part));
    case "or":
      return filter.parts.some((part) => matches(run, part));
    case "not":
      return !matches(run, filter.part);
    case "contains":
    case "startswith":
    case "endswith":
      return textHolds(filter.op, valueOfField(run, filter.field), filter.text);
    default:
      return holds(filter.op, valueOfField(run, filter.field), filter.literal.value);
  }
}

function textHolds(op: TextTest, value: Value, text: string): boolean {
  if (value === null) return false;
  const whole = String(value);
  if (op === "contains") return whole.includes(text);
  return op === "startswith" ? whole.startsWith(text) : whole.endsWith(text);
}

function holds(op: Comparison, left: Value, right: Value): boolean {
  if (op === "eq") return left === right;
  if (op === "ne") return left !== right;
  if (left === null || right === null) return false;
  const sign = compareValues(left, right);
  return { gt: sign > 0, ge: sign >= 0, lt: sign < 0, le: sign <= 0 }[op];
}

/** A missing value first, texts by code point. */
export function compareValues(a: Value, b: Value): number {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  if (typeof a === "string" && typeof b === "string") return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return Number(a) - Number(b);
}

/** Compares runs by an order; what is equal in it, by `place`, in the direction of its last property. */
export function byOrder(order: readonly Order[], place: (run: Run) => number): (a: Run, b: Run) => number {
  return (a, b) => {
    for (const { field, descending } of order) {
      const sign = compareValues(valueOfField(a, field), valueOfField(b, field));
      if (sign !== 0) return descending ? -sign : sign;
    }
    return (order.at(-1)?.descending ?? true) ? place(b) - place(a) : place(a) - place(b);
  };
}
