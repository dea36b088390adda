// What differs between runs: a row for each field, a column for each run.
import { Fragment, useMemo } from "react";
import { Button, ButtonGroup } from "../../parts/Button.tsx";
import { Empty } from "../../parts/Empty.tsx";
import { shownCount, shownValue } from "../../parts/numbers.ts";
import type { ComparedRun } from "./comparedRuns.ts";
import classes from "./FieldsPart.module.css";
import { type Field, fieldsOf, type Value } from "./fields.ts";
import type { Change, CompareView } from "./view.ts";

export function FieldsPart({
  runs,
  view,
  change,
}: {
  readonly runs: readonly ComparedRun[];
  readonly view: CompareView;
  readonly change: Change;
}) {
  const fields = useMemo(() => fieldsOf(runs), [runs]);
  const words = (view.q ?? "").toLowerCase();
  const shown = fields.filter(
    ({ differs, name }) => (view.all || differs || runs.length === 1) && name.toLowerCase().includes(words),
  );
  const groups = [...Map.groupBy(shown, ({ group }) => group)];
  const differing = fields.filter(({ differs }) => differs).length;
  return (
    <div className={classes.part}>
      <div className={classes.tools}>
        <ButtonGroup label="Fields">
          <Button size="small" aria-pressed={!view.all} onClick={() => change({ all: undefined })}>
            {shownCount(differing)} that differ
          </Button>
          <Button size="small" aria-pressed={view.all === true} onClick={() => change({ all: true })}>
            All {shownCount(fields.length)}
          </Button>
        </ButtonGroup>
        <input
          type="search"
          aria-label="Find fields"
          placeholder="Find fields"
          value={view.q ?? ""}
          onChange={(event) => change({ q: event.target.value || undefined })}
        />
      </div>
      {shown.length === 0 ? (
        <Empty title={words === "" ? "Nothing differs" : "No such field"}>
          <p>
            {words === ""
              ? "All that these runs were asked to do, and all that came of it, is the same."
              : "Try other words."}
          </p>
        </Empty>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys
        <section className={classes.scroll} tabIndex={0} aria-label="Fields of these runs">
          <table className={classes.table}>
            <thead>
              <tr>
                <th scope="col" className={classes.corner}>
                  Field
                </th>
                {runs.map(({ runId, name }) => (
                  <th key={runId} scope="col" title={runId}>
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {groups.map(([group, rows]) => (
                <Fragment key={group}>
                  <tr className={classes.group}>
                    <th scope="rowgroup" colSpan={runs.length + 1}>
                      <span>{group}</span>
                    </th>
                  </tr>
                  {rows.map((field) => (
                    <Row key={field.name} field={field} runs={runs} />
                  ))}
                </Fragment>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </div>
  );
}

function Row({
  field: { name, values, differs },
  runs,
}: {
  readonly field: Field;
  readonly runs: readonly ComparedRun[];
}) {
  const [first] = values;
  return (
    <tr>
      <th scope="row" title={name}>
        {name}
      </th>
      {values.map((value, i) => {
        const isOther = differs && !Object.is(value, first);
        return (
          <td
            key={runs[i]?.runId}
            className={cellClass(value, isOther)}
            title={value === undefined ? undefined : String(value)}
          >
            {value === undefined ? <span className={classes.none}>–</span> : shownValue(value)}
            {isOther && <span className="visually-hidden"> (differs)</span>}
          </td>
        );
      })}
    </tr>
  );
}

const cellClass = (value: Value, isOther: boolean): string =>
  `${typeof value === "number" ? classes.number : ""} ${isOther ? classes.other : ""}`;
