// The command palette: any run, any experiment, any page, by a few letters.
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useRouterState } from "@tanstack/react-router";
import { Command } from "cmdk";
import { useDeferredValue, useState } from "react";
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

/** `known`: the workspaces to go to. */
export function Palette({ close, known }: { readonly close: () => void; readonly known: readonly string[] }) {
  const workspace = useWorkspace();
  const navigate = useNavigate();
  const [words, setWords] = useState("");
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
  const go = (act: () => unknown) => () => {
    close();
    act();
  };
  return (
    <Modal title="Command palette" close={close} bare>
      <Command label="Command palette" className={classes.palette} loop>
        <Command.Input
          autoFocus
          value={words}
          onValueChange={setWords}
          placeholder="Find a run, a page, or what to do"
          className={classes.input}
        />
        <Command.List className={classes.list}>
          <Command.Empty className={classes.empty}>Nothing has that name.</Command.Empty>
          {runId !== undefined && (
            <Command.Group heading="This run">
              {RUN_TABS.map((tab) => (
                <Command.Item
                  key={tab}
                  value={`this run ${tab}`}
                  onSelect={go(() =>
                    navigate({
                      to: tab === "overview" ? "/runs/$runId" : `/runs/$runId/${tab}`,
                      params: { runId },
                    }),
                  )}
                >
                  {tab}
                </Command.Item>
              ))}
            </Command.Group>
          )}
          <Command.Group heading="Runs">
            {runs.data?.value.map((run) => (
              <Command.Item
                key={run.runId}
                // The service has found it already; the words are there so that the palette does not drop it.
                value={`run ${run.runId} ${run.displayName ?? ""} ${runs.isPlaceholderData ? "" : search}`}
                onSelect={go(() => navigate({ to: "/runs/$runId", params: { runId: run.runId ?? "" } }))}
              >
                <Status status={run.status} bare />
                <span className={classes.name}>{run.displayName ?? run.runId}</span>
                <span className={classes.aside}>
                  <Time at={run.createdUtc} />
                </span>
              </Command.Item>
            ))}
          </Command.Group>
          <Command.Group heading="Pages">
            {PAGES.map(({ to, label }) => (
              <Command.Item key={to} value={`page ${label}`} onSelect={go(() => navigate({ to }))}>
                {label}
              </Command.Item>
            ))}
          </Command.Group>
          <Command.Group heading="Theme">
            {THEMES.map((theme) => (
              <Command.Item key={theme} value={`theme ${theme}`} onSelect={go(() => showTheme(theme))}>
                Theme: {theme}
              </Command.Item>
            ))}
          </Command.Group>
          {known.length > 1 && (
            <Command.Group heading="Workspaces">
              {known.map((ws) => (
                <Command.Item
                  key={ws}
                  value={`workspace ${ws}`}
                  onSelect={go(() => navigate({ to: "/runs", search: { ws } }))}
                >
                  {ws}
                </Command.Item>
              ))}
            </Command.Group>
          )}
        </Command.List>
      </Command>
    </Modal>
  );
}
