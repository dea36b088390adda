// The command palette: any run, any experiment, any page, by a few letters.
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useRouterState } from "@tanstack/react-router";
import { Command } from "cmdk";
import { type ReactNode, useDeferredValue, useState } from "react";
import { Modal } from "../parts/Modal.tsx";
import { Status } from "../parts/Status.tsx";
import { Time } from "../parts/Time.tsx";
import { keyOf } from "../service/queries.ts";
import { useWorkspace } from "../service/service.tsx";
import classes from "./Palette.module.css";
import { RUN_TABS } from "./router.tsx";
import { showTheme, type Theme } from "./theme.ts";

const PAGES = [
  { to: "/runs", label: "Runs" },
  { to: "/experiments", label: "Experiments" },
  { to: "/compute", label: "Compute and queue" },
  { to: "/start", label: "Submit a first run" },
] as const;
const THEMES: readonly Theme[] = ["system", "light", "dark"];

type Entry = { readonly value: string; readonly shown: ReactNode; readonly act: () => unknown };

/** `known`: the workspaces to go to. */
export function Palette({ close, known }: { readonly close: () => void; readonly known: readonly string[] }) {
  const workspace = useWorkspace();
  const navigate = useNavigate();
  const [words, setWords] = useState("");
  const [chosen, setChosen] = useState("");
  const search = useDeferredValue(words.trim());
  const path = useRouterState({ select: ({ location }) => location.pathname });
  const runId = /^(?:\/ui)?\/runs\/([^/]+)/.exec(path)?.[1];
  const runs = useQuery({
    queryKey: [keyOf(workspace), "runs", "palette", search],
    queryFn: ({ signal }) =>
      workspace.tables.queryRunsPage({ search: search || undefined, top: 8, abortSignal: signal }),
    placeholderData: (before) => before,
    staleTime: 0,
  });
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = ({ value }: Pick<Entry, "value">) =>
    wanted.every((word) => value.toLowerCase().includes(word));
  const groups: readonly { readonly heading: string; readonly entries: readonly Entry[] }[] = [
    {
      heading: "This run",
      entries: (runId === undefined ? [] : RUN_TABS)
        .map((tab) => ({
          value: `this run ${tab}`,
          shown: tab,
          act: () =>
            navigate({
              to: tab === "overview" ? "/runs/$runId" : `/runs/$runId/${tab}`,
              params: { runId: runId ?? "" },
            }),
        }))
        .filter(fits),
    },
    {
      heading: "Runs",
      // The service has found them, by more than their names; those of the words before are looked at again here.
      entries: (runs.data?.value ?? [])
        .filter(({ runId: id = "", displayName = "" }) => {
          const isFound = !runs.isPlaceholderData && search === words.trim();
          return isFound || fits({ value: `run ${id} ${displayName}` });
        })
        .map((run) => ({
          value: `run ${run.runId}`,
          shown: (
            <>
              <Status status={run.status} bare />
              <span className={classes.name}>{run.displayName || run.runId}</span>
              <span className={classes.aside}>
                <Time at={run.createdUtc} />
              </span>
            </>
          ),
          act: () => navigate({ to: "/runs/$runId", params: { runId: run.runId ?? "" } }),
        })),
    },
    {
      heading: "Pages",
      entries: PAGES.map(({ to, label }) => ({
        value: `page ${label}`,
        shown: label,
        act: () => navigate({ to }),
      })).filter(fits),
    },
    {
      heading: "Theme",
      entries: THEMES.map((theme) => ({
        value: `theme ${theme}`,
        shown: `Theme: ${theme}`,
        act: () => showTheme(theme),
      })).filter(fits),
    },
    {
      heading: "Workspaces",
      entries: (known.length > 1 ? known : [])
        .map((ws) => ({
          value: `workspace ${ws}`,
          shown: ws,
          act: () => navigate({ to: "/runs", search: { ws } }),
        }))
        .filter(fits),
    },
  ];
  // Runs come later than the words: the first entry is chosen until another one is.
  const values = groups.flatMap(({ entries }) => entries.map(({ value }) => value));
  const value = values.includes(chosen) ? chosen : (values[0] ?? "");
  return (
    <Modal title="Command palette" close={close} bare>
      <Command
        label="Command palette"
        className={classes.palette}
        loop
        shouldFilter={false}
        value={value}
        onValueChange={setChosen}
      >
        <Command.Input
          autoFocus
          value={words}
          onValueChange={(next) => {
            setWords(next);
            setChosen("");
          }}
          placeholder="Find a run, a page, or what to do"
          className={classes.input}
        />
        <Command.List className={classes.list}>
          {values.length === 0 && <p className={classes.empty}>Nothing has that name.</p>}
          {groups
            .filter(({ entries }) => entries.length > 0)
            .map(({ heading, entries }) => (
              <Command.Group key={heading} heading={heading}>
                {entries.map(({ value: name, shown, act }) => (
                  <Command.Item
                    key={name}
                    value={name}
                    onSelect={() => {
                      close();
                      act();
                    }}
                  >
                    {shown}
                  </Command.Item>
                ))}
              </Command.Group>
            ))}
        </Command.List>
      </Command>
    </Modal>
  );
}
