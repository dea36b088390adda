// What stands above a table of runs: words to find, statuses, a filter, columns, views with names.
import type { RunCounts } from "@malachite/client";
import { useQuery } from "@tanstack/react-query";
import { Bookmark, Columns3, Filter, X } from "lucide-react";
import { type FormEvent, useEffect, useState } from "react";
import type { RunsView } from "../../app/router.tsx";
import { Button } from "../../parts/Button.tsx";
import { Menu, MenuCheck, MenuHead, MenuItem, MenuLine } from "../../parts/Menu.tsx";
import { Modal } from "../../parts/Modal.tsx";
import { shownCount } from "../../parts/numbers.ts";
import { SearchBox } from "../../parts/SearchBox.tsx";
import { lookOf } from "../../parts/Status.tsx";
import { keyOf } from "../../service/queries.ts";
import { useWorkspace } from "../../service/service.tsx";
import { OWN_COLUMNS } from "./columns.tsx";
import { forgetView, savedViews, saveView } from "./savedViews.ts";
import classes from "./Toolbar.module.css";
import { columnsOf, KEYED, printColumns, statusesOf } from "./view.ts";

/** In the order of a run's way. */
const STATUSES = [
  "NotStarted",
  "Starting",
  "Preparing",
  "Queued",
  "Running",
  "Finalizing",
  "CancelRequested",
  "Completed",
  "Failed",
  "Canceled",
] as const;

type Props = {
  readonly view: RunsView;
  readonly onView: (change: Partial<RunsView>) => void;
  readonly counts: RunCounts | undefined;
  readonly inExperiment: boolean;
  /** Ids of runs that are shown: what they have is offered as columns. */
  readonly sampleIds: () => readonly string[];
};

export function Toolbar({ view, onView, counts, inExperiment, sampleIds }: Props) {
  const [hasFilter, setFilterOpen] = useState(view.filter !== undefined);
  const statuses = statusesOf(view);
  const toggleStatus = (status: string) => {
    const next = statuses.includes(status) ? statuses.filter((one) => one !== status) : [...statuses, status];
    onView({ status: next.join(",") || undefined });
  };
  const offered = STATUSES.filter(
    (status) => (counts?.byStatus[status] ?? 0) > 0 || statuses.includes(status),
  );
  return (
    <div className={classes.bar}>
      <div className={classes.row}>
        <SearchBox
          label="Find runs"
          placeholder="Find by id, name, tag, script, user"
          value={view.q ?? ""}
          onChange={(q) => onView({ q: q || undefined })}
        />
        <Button
          kind="bare"
          aria-pressed={hasFilter}
          aria-label="Filter"
          title="Filter by an expression"
          onClick={() => setFilterOpen(!hasFilter)}
        >
          <Filter aria-hidden />
        </Button>
        <ColumnsMenu view={view} onView={onView} inExperiment={inExperiment} sampleIds={sampleIds} />
        <ViewsMenu view={view} onView={onView} />
        <label className={classes.children}>
          <input
            type="checkbox"
            checked={view.children === "all"}
            onChange={(event) => onView({ children: event.target.checked ? "all" : undefined })}
          />
          Child runs
        </label>
        <span className={classes.count} role="status">
          {counts &&
            `${counts.isExact ? "" : "over "}${shownCount(counts.count)} ${counts.count === 1 ? "run" : "runs"}`}
        </span>
      </div>
      {hasFilter && (
        <FilterField
          value={view.filter ?? ""}
          onChange={(filter) => onView({ filter: filter || undefined })}
        />
      )}
      {offered.length > 0 && (
        <fieldset className={classes.statuses} aria-label="Only runs of these statuses">
          {offered.map((status) => {
            const { Icon, tone } = lookOf(status);
            return (
              <button
                key={status}
                type="button"
                aria-pressed={statuses.includes(status)}
                className={`${classes.status} ${classes[tone]}`}
                onClick={() => toggleStatus(status)}
              >
                <Icon aria-hidden />
                {status}
                <span className={classes.number}>{shownCount(counts?.byStatus[status] ?? 0)}</span>
              </button>
            );
          })}
          {statuses.length > 0 && (
            <Button kind="bare" size="small" onClick={() => onView({ status: undefined })}>
              <X aria-hidden /> All
            </Button>
          )}
        </fieldset>
      )}
    </div>
  );
}

function FilterField({
  value,
  onChange,
}: {
  readonly value: string;
  readonly onChange: (text: string) => void;
}) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onChange(text.trim());
  };
  return (
    <form className={classes.row} onSubmit={submit}>
      <input
        className={classes.expression}
        value={text}
        spellCheck={false}
        aria-label="Filter expression"
        placeholder="metrics/loss lt 0.1 and tags/owner eq 'ada' and startswith(name,'sweep')"
        onChange={(event) => setText(event.target.value)}
      />
      <Button type="submit">Apply</Button>
    </form>
  );
}

function ColumnsMenu({ view, onView, inExperiment, sampleIds }: Omit<Props, "counts">) {
  const workspace = useWorkspace();
  const [isOpen, setOpen] = useState(false);
  const shown = columnsOf(view, inExperiment);
  const keyed = useQuery({
    queryKey: [keyOf(workspace), "columns", isOpen && sampleIds().join()],
    enabled: isOpen,
    queryFn: async ({ signal }) => {
      const runs = await workspace.tables.latestMetrics(sampleIds(), { abortSignal: signal });
      const names = new Set<string>();
      for (const { metrics, params } of runs.values()) {
        for (const name of Object.keys(metrics)) names.add(`metrics/${name}`);
        for (const name of Object.keys(params)) names.add(`params/${name}`);
      }
      return [...names].sort().slice(0, 200);
    },
  });
  const toggle = (name: string, isOn: boolean) => {
    const next = isOn ? [...shown, name] : shown.filter((one) => one !== name);
    onView({ columns: printColumns(next) });
  };
  const extra = [...new Set([...(keyed.data ?? []), ...shown.filter((name) => KEYED.test(name))])];
  return (
    <Menu
      onOpen={setOpen}
      trigger={
        <Button kind="bare" aria-label="Columns" title="Columns">
          <Columns3 aria-hidden />
        </Button>
      }
    >
      <MenuHead>Of every run</MenuHead>
      {OWN_COLUMNS.map(({ name, head }) => (
        <MenuCheck key={name} checked={shown.includes(name)} onChange={(isOn) => toggle(name, isOn)}>
          {head}
        </MenuCheck>
      ))}
      {extra.length > 0 && <MenuHead>Metrics and parameters of these runs</MenuHead>}
      {extra.map((name) => (
        <MenuCheck key={name} checked={shown.includes(name)} onChange={(isOn) => toggle(name, isOn)}>
          {name}
        </MenuCheck>
      ))}
      <MenuLine />
      <MenuItem onSelect={() => onView({ columns: undefined })}>The usual columns</MenuItem>
    </Menu>
  );
}

function ViewsMenu({ view, onView }: Pick<Props, "view" | "onView">) {
  const [views, setViews] = useState(savedViews);
  const [isNaming, setNaming] = useState(false);
  const save = (name: string) => {
    saveView({ name, search: view });
    setViews(savedViews());
    setNaming(false);
  };
  const forget = (name: string) => {
    forgetView(name);
    setViews(savedViews());
  };
  const empty = {
    q: undefined,
    filter: undefined,
    status: undefined,
    sort: undefined,
    columns: undefined,
    children: undefined,
  };
  return (
    <>
      <Menu
        trigger={
          <Button kind="bare" aria-label="Views" title="Views">
            <Bookmark aria-hidden />
          </Button>
        }
      >
        {views.map(({ name, search }) => (
          <MenuItem key={name} onSelect={() => onView({ ...empty, ...search })}>
            {name}
          </MenuItem>
        ))}
        {views.length > 0 && <MenuLine />}
        <MenuItem onSelect={() => setNaming(true)}>Keep this view under a name</MenuItem>
        {views.map(({ name }) => (
          <MenuItem key={name} danger onSelect={() => forget(name)}>
            Forget {name}
          </MenuItem>
        ))}
      </Menu>
      {isNaming && <NameDialog close={() => setNaming(false)} save={save} />}
    </>
  );
}

function NameDialog({ close, save }: { readonly close: () => void; readonly save: (name: string) => void }) {
  const [name, setName] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() !== "") save(name.trim());
  };
  return (
    <Modal title="Keep this view" close={close}>
      <form className={classes.row} onSubmit={submit}>
        <input
          className={classes.expression}
          aria-label="Name of the view"
          placeholder="Name"
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <Button kind="primary" type="submit" disabled={name.trim() === ""}>
          Keep
        </Button>
      </form>
    </Modal>
  );
}
