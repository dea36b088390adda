// The addresses of the pages. What a page shows is all in its address, so a link shows the same to whoever has the token.
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
  retainSearchParams,
} from "@tanstack/react-router";
import type { CompareView } from "../pages/compare/view.ts";
import type { MetricsView } from "../pages/run/metrics/view.ts";
import { parseWorkspace, printWorkspace } from "../service/service.tsx";
import { PageFault } from "./PageFault.tsx";
import { PageNotFound } from "./PageNotFound.tsx";
import { Shell } from "./Shell.tsx";

type Texts = Record<string, unknown>;
const text = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : typeof value === "number" ? String(value) : undefined;

const root = createRootRoute({
  component: Shell,
  errorComponent: PageFault,
  notFoundComponent: PageNotFound,
  // `wsid` is what links to Azure's studio carry.
  validateSearch: (search: Texts): { ws?: string } => {
    const azure = parseWorkspace(text(search.wsid) ?? "");
    return { ws: text(search.ws) ?? (azure && printWorkspace(azure)) };
  },
  search: { middlewares: [retainSearchParams(["ws"])] },
});

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: ({ search }) => {
    // mlflow's clients print links of the form `/#/experiments/ID/runs/RUN`.
    const mlflow = /^#?\/?experiments\/([^/]+)(?:\/runs\/([^/?]+))?/.exec(location.hash.slice(1));
    if (mlflow?.[2]) throw redirect({ to: "/runs/$runId", params: { runId: mlflow[2] }, search });
    throw redirect({ to: "/runs", search });
  },
});

/** What the table of runs shows, as its address says it. */
export type RunsView = {
  /** Words to find. */
  q?: string;
  /** An OData filter, as the API takes it. */
  filter?: string;
  /** Statuses, separated by commas. */
  status?: string;
  /** A column, and `desc` or `asc`. */
  sort?: string;
  /** Columns, separated by commas. */
  columns?: string;
  /** `all` shows child runs too. */
  children?: "all";
};
const readRunsView = (search: Texts): RunsView => ({
  q: text(search.q),
  filter: text(search.filter),
  status: text(search.status),
  sort: text(search.sort),
  columns: text(search.columns),
  children: search.children === "all" ? "all" : undefined,
});
const runsPage = lazyRouteComponent(() => import("../pages/runs/RunsPage.tsx"), "RunsPage");
const runs = createRoute({
  getParentRoute: () => root,
  path: "/runs",
  validateSearch: readRunsView,
  component: runsPage,
});
const experiments = createRoute({
  getParentRoute: () => root,
  path: "/experiments",
  validateSearch: (search: Texts): { q?: string } => ({ q: text(search.q) }),
  component: lazyRouteComponent(() => import("../pages/runs/ExperimentsPage.tsx"), "ExperimentsPage"),
});
const experiment = createRoute({
  getParentRoute: () => root,
  path: "/experiments/$experimentName",
  validateSearch: readRunsView,
  component: runsPage,
});

/** The parts of a run's page, in the order of its tabs. */
export const RUN_TABS = [
  "overview",
  "logs",
  "metrics",
  "files",
  "snapshot",
  "definition",
  "children",
] as const;
export type RunTab = (typeof RUN_TABS)[number];
const run = createRoute({
  getParentRoute: () => root,
  path: "/runs/$runId",
  component: lazyRouteComponent(() => import("../pages/run/RunPage.tsx"), "RunPage"),
});
const runOverview = createRoute({
  getParentRoute: () => run,
  path: "/",
  component: lazyRouteComponent(() => import("../pages/run/overview/OverviewTab.tsx"), "OverviewTab"),
});
const runLogs = createRoute({
  getParentRoute: () => run,
  path: "/logs",
  /** `path`: logs side by side, separated by `|`; `line`: from 1; `find`: words to find. */
  validateSearch: (search: Texts): { path?: string; line?: number; find?: string } => ({
    path: text(search.path),
    line: Number(search.line) > 0 ? Math.floor(Number(search.line)) : undefined,
    find: text(search.find),
  }),
  component: lazyRouteComponent(() => import("../pages/run/logs/LogsTab.tsx"), "LogsTab"),
});
const runMetrics = createRoute({
  getParentRoute: () => run,
  path: "/metrics",
  validateSearch: (search: Texts): MetricsView => ({
    q: text(search.q),
    x: text(search.x),
    log: search.log === true || undefined,
    smooth: Number(search.smooth) > 0 ? Math.min(Number(search.smooth), 0.999) : undefined,
    system: search.system === true || undefined,
    closed: text(search.closed),
    zoom: text(search.zoom),
    plot: text(search.plot),
    numbers: search.numbers === true || undefined,
  }),
  component: lazyRouteComponent(() => import("../pages/run/metrics/MetricsTab.tsx"), "MetricsTab"),
});
const runFiles = createRoute({
  getParentRoute: () => run,
  path: "/files",
  validateSearch: (search: Texts): { path?: string } => ({ path: text(search.path) }),
  component: lazyRouteComponent(() => import("../pages/run/files/FilesTab.tsx"), "FilesTab"),
});
const runSnapshot = createRoute({
  getParentRoute: () => run,
  path: "/snapshot",
  validateSearch: (search: Texts): { path?: string } => ({ path: text(search.path) }),
  component: lazyRouteComponent(() => import("../pages/run/files/SnapshotTab.tsx"), "SnapshotTab"),
});
const runDefinition = createRoute({
  getParentRoute: () => run,
  path: "/definition",
  /** `part`: sent (which is what is shown without), resolved, environment or launch. */
  validateSearch: (search: Texts): { part?: string } => ({ part: text(search.part) }),
  component: lazyRouteComponent(() => import("../pages/run/definition/DefinitionTab.tsx"), "DefinitionTab"),
});
const runChildren = createRoute({
  getParentRoute: () => run,
  path: "/children",
  /** `axes`: columns of the plot, separated by commas, each escaped; `color`: the one that gives the colour. */
  validateSearch: (search: Texts): { view?: "plot" | "tree"; axes?: string; color?: string } => ({
    view: search.view === "plot" || search.view === "tree" ? search.view : undefined,
    axes: text(search.axes),
    color: text(search.color),
  }),
  component: lazyRouteComponent(() => import("../pages/run/children/ChildrenTab.tsx"), "ChildrenTab"),
});

const compare = createRoute({
  getParentRoute: () => root,
  path: "/compare",
  validateSearch: (search: Texts): CompareView => ({
    runs: text(search.runs),
    part: text(search.part),
    all: search.all === true || undefined,
    hidden: text(search.hidden),
    q: text(search.q),
    x: text(search.x),
    log: search.log === true || undefined,
    smooth: Number(search.smooth) > 0 ? Math.min(Number(search.smooth), 0.999) : undefined,
    zoom: text(search.zoom),
    system: search.system === true || undefined,
    metric: text(search.metric),
  }),
  component: lazyRouteComponent(() => import("../pages/compare/ComparePage.tsx"), "ComparePage"),
});
const compute = createRoute({
  getParentRoute: () => root,
  path: "/compute",
  component: lazyRouteComponent(() => import("../pages/compute/ComputePage.tsx"), "ComputePage"),
});
const target = createRoute({
  getParentRoute: () => root,
  path: "/compute/$target",
  /** `why`: the waiting run whose reasons are shown in full. */
  validateSearch: (search: Texts): { why?: string } => ({ why: text(search.why) }),
  component: lazyRouteComponent(() => import("../pages/compute/TargetPage.tsx"), "TargetPage"),
});
const start = createRoute({
  getParentRoute: () => root,
  path: "/start",
  component: lazyRouteComponent(() => import("../pages/start/StartPage.tsx"), "StartPage"),
});

export const router = createRouter({
  basepath: "/ui",
  routeTree: root.addChildren([
    home,
    runs,
    experiments,
    experiment,
    run.addChildren([runOverview, runLogs, runMetrics, runFiles, runSnapshot, runDefinition, runChildren]),
    compare,
    compute,
    target,
    start,
  ]),
  defaultPreload: "intent",
  defaultPreloadStaleTime: 0,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
