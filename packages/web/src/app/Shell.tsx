// The frame of every page: where one is, where one can go, and whether what is shown is live.
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useNavigate, useSearch } from "@tanstack/react-router";
import { Command, Cpu, FlaskConical, ListVideo, Plus } from "lucide-react";
import { lazy, Suspense, useCallback, useState } from "react";
import { Button } from "../parts/Button.tsx";
import { Waiting } from "../parts/Empty.tsx";
import { faultOf } from "../service/faults.ts";
import { LiveProvider } from "../service/live.tsx";
import { parseWorkspace, printWorkspace, useService, WorkspaceProvider } from "../service/service.tsx";
import { Connection } from "./Connection.tsx";
import { useKeys } from "./keys.ts";
import { PageFault } from "./PageFault.tsx";
import classes from "./Shell.module.css";
import { SignIn } from "./SignIn.tsx";
import { ThemeMenu } from "./ThemeMenu.tsx";

const Palette = lazy(async () => ({ default: (await import("./Palette.tsx")).Palette }));
/** Where a first run of the command line goes, so an empty service shows this workspace. */
const FIRST_WORKSPACE = "11111111-1111-1111-1111-111111111111/rg/ws1";

const PLACES = [
  { to: "/runs", label: "Runs", Icon: ListVideo },
  { to: "/experiments", label: "Experiments", Icon: FlaskConical },
  { to: "/compute", label: "Compute", Icon: Cpu },
] as const;

/** The frame, with the page in it. */
export function Shell() {
  const { client, token } = useService();
  const { ws } = useSearch({ from: "__root__" });
  const workspaces = useQuery({
    queryKey: ["workspaces", token],
    queryFn: ({ signal }) => client.listWorkspaces({ abortSignal: signal }),
  });
  if (workspaces.error) {
    const fault = faultOf(workspaces.error);
    if (fault.kind === "denied") return <SignIn why={fault.message} />;
    return <PageFault error={workspaces.error} reset={() => void workspaces.refetch()} />;
  }
  if (workspaces.data === undefined) return <Waiting />;
  const known = workspaces.data.flatMap(({ id }) => {
    const address = parseWorkspace(id ?? "");
    return address ? [printWorkspace(address)] : [];
  });
  const chosen = ws ?? known[0] ?? FIRST_WORKSPACE;
  const address = parseWorkspace(chosen);
  if (address === undefined)
    return <PageFault error={new Error(`'${chosen}' is no workspace: it takes subscription/group/name.`)} />;
  return (
    <WorkspaceProvider address={address}>
      <LiveProvider>
        <Frame chosen={chosen} known={known} />
      </LiveProvider>
    </WorkspaceProvider>
  );
}

function Frame({ chosen, known }: { readonly chosen: string; readonly known: readonly string[] }) {
  const [palette, setPalette] = useState(false);
  const openPalette = useCallback(() => setPalette(true), []);
  useKeys({ "mod+k": openPalette });
  return (
    <div className={classes.frame}>
      <a className={classes.skip} href="#page">
        Skip to the page
      </a>
      <header className={classes.head}>
        <Link to="/runs" className={classes.brand}>
          <img src="/ui/favicon.svg" alt="" width={22} height={22} />
          <span>Malachite</span>
        </Link>
        <nav aria-label="Pages" className={classes.places}>
          {PLACES.map(({ to, label, Icon }) => (
            <Link key={to} to={to} activeProps={{ className: classes.here }} className={classes.place}>
              <Icon aria-hidden />
              <span>{label}</span>
            </Link>
          ))}
        </nav>
        <div className={classes.tools}>
          {known.length > 1 && <WorkspaceChoice chosen={chosen} known={known} />}
          <Connection />
          <Link to="/start" className={classes.place} aria-label="Submit a run">
            <Plus aria-hidden />
          </Link>
          <Button
            kind="bare"
            aria-label="Command palette"
            title="Command palette (Ctrl K)"
            onClick={openPalette}
          >
            <Command aria-hidden />
          </Button>
          <ThemeMenu />
        </div>
      </header>
      <main id="page" className={classes.page}>
        <Outlet />
      </main>
      {palette && (
        <Suspense>
          <Palette close={() => setPalette(false)} known={known} />
        </Suspense>
      )}
    </div>
  );
}

function WorkspaceChoice({ chosen, known }: { readonly chosen: string; readonly known: readonly string[] }) {
  const navigate = useNavigate();
  const all = known.includes(chosen) ? known : [chosen, ...known];
  const shortName = (address: string) => address.split("/").at(-1);
  return (
    <select
      className={classes.workspace}
      aria-label="Workspace"
      value={chosen}
      title={chosen}
      onChange={(event) => void navigate({ to: "/runs", search: { ws: event.target.value } })}
    >
      {all.map((address) => (
        <option key={address} value={address}>
          {shortName(address)}
        </option>
      ))}
    </select>
  );
}
