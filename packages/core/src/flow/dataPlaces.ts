// Where the data of a run is kept and whether it can come to it: datastores by their names, with what the target allows.
import { type DataPlace, type DataUse, dataUses, isAbsolute } from "../domain/data/dataUse.ts";
import type { WholeDefinition } from "../domain/definition/runDefinition.ts";
import { type Detail, isMalachiteError, MalachiteError } from "../domain/failure/malachiteError.ts";
import { launchKey } from "../domain/launch/launchKey.ts";
import type { LaunchKey } from "../domain/launch/launchPlan.ts";
import type { Run } from "../domain/run/run.ts";
import type { Scope } from "../domain/scope.ts";
import type { StoragePlace } from "../ports/dataCarrier.ts";
import { datastoreFlow } from "./datastores.ts";
import type { FlowPorts } from "./ports.ts";

type PlacePorts = Pick<FlowPorts, "datastores" | "secretBox" | "workspaces" | "clock" | "settings">;

/** What the run's definition asks for; nothing for a run that only makes its environment. */
export const usesOf = (definition: WholeDefinition | undefined, runId: string): readonly DataUse[] =>
  definition === undefined || definition.prepareOnly ? [] : dataUses(definition.configuration, runId);

/** Where the data of a run lies on this machine. The same for all attempts: the plan of the first is that of the next. */
export const dataKeyOf = ({ scope, id }: Run, { ids }: Pick<FlowPorts, "ids">): LaunchKey =>
  launchKey(scope, id, 1, ids.sha256);

/** Throws DatastoreNotFound. */
export async function storagePlace(scope: Scope, place: DataPlace, ports: PlacePorts): Promise<StoragePlace> {
  if ("uri" in place) return { storage: { kind: "web" }, called: new URL(place.uri).host, path: place.uri };
  const shown = await datastoreFlow(ports).get(scope, place.datastore, { secrets: true });
  switch (shown.kind) {
    case "own":
      return {
        storage: { kind: "own", container: shown.container },
        called: shown.name,
        path: place.path,
      };
    case "named":
      return { storage: { kind: "named", name: shown.name }, called: shown.name, path: place.path };
    case "registered": {
      const { type, name } = shown.datastore;
      return {
        storage: { kind: "registered", type, section: shown.section },
        called: name,
        path: place.path,
      };
    }
  }
}

/** `inContainer`: the run sees no path of the machine. `away`: its machine sees nothing of the service's. */
type Where = { readonly inContainer: boolean; readonly away: boolean };

/** Refuses, naming each property, what cannot be brought, shown or sent. */
export async function checkData(
  scope: Scope,
  uses: readonly DataUse[],
  where: Where,
  ports: PlacePorts & Pick<FlowPorts, "data">,
): Promise<void> {
  const faults: Detail[] = [];
  const mounted: DataUse[] = [];
  for (const use of uses) faults.push(...(await faultsOf(scope, use, where, mounted, ports)));
  for (const use of uses) faults.push(...lyingIn(mounted, use));
  const [first] = faults;
  if (first === undefined) return;
  const more = faults.length > 1 ? ` (and ${faults.length - 1} more, see details)` : "";
  const unknown = faults.some(({ code }) => code === undefined);
  throw new MalachiteError(
    unknown ? "InvalidDefinition" : "UnsupportedField",
    `The data of the run cannot be had: ${first.target}: ${first.message}${more}`,
    { target: first.target, details: faults },
  );
}

/** What a container's programs rely on to be what it is. */
const SYSTEM = /^\/((bin|boot|dev|etc|lib\w*|proc|run|sbin|sys|usr)(\/.*)?)?$/;

/** `mounted`: gets the use if it is a mount of what lies elsewhere. */
async function faultsOf(
  scope: Scope,
  use: DataUse,
  { inContainer, away }: Where,
  mounted: DataUse[],
  ports: PlacePorts & Pick<FlowPorts, "data">,
): Promise<Detail[]> {
  const { property, below, place, mode, at } = use;
  const faults: Detail[] = [];
  if (at !== undefined && isAbsolute(at) && inContainer && SYSTEM.test(at))
    faults.push({
      code: "UnsupportedField",
      target: `${property}.${below.at}`,
      message: `'${at}' is a path of the system's own; choose another.`,
    });
  if (away) {
    const refused = awayFault(use, inContainer);
    if (refused !== undefined) return [...faults, refused];
  }
  if (at !== undefined && isAbsolute(at) && !inContainer) {
    const roots = ports.settings.dataRoots;
    if (!roots.some((root) => at.startsWith(root.endsWith("/") ? root : `${root}/`))) {
      const where = roots.length === 0 ? "none is" : `these are: ${roots.join(", ")}`;
      faults.push({
        code: "UnsupportedField",
        target: `${property}.${below.at}`,
        message: `'${at}' is a path of the service's machine, outside the folders that the setting dataRoot allows (${where}). Give a path relative to the project, or none.`,
      });
    }
  }
  try {
    const lies = await ports.data.check(await storagePlace(scope, place, ports), mode, inContainer);
    if (mode === "mount" && lies === "elsewhere") mounted.push(use);
  } catch (error) {
    if (!isMalachiteError(error) || error.kind === "fault") throw error;
    const unsupported = error.code === "UnsupportedField";
    const path = unsupported && mode === "mount" ? below.mode : below.store;
    faults.push({
      ...(unsupported ? { code: "UnsupportedField" } : {}),
      target: `${property}.${path}`,
      message: error.message,
    });
  }
  return faults;
}

/** What cannot come to a machine that shares no file system with the service. */
function awayFault({ property, below, mode, at }: DataUse, inContainer: boolean): Detail | undefined {
  if (mode === "mount")
    return {
      code: "UnsupportedField",
      target: `${property}.${below.mode}`,
      message:
        "Nothing is mounted on a machine that shares no file system with the service; ask for a download (as_download) instead.",
    };
  if (at === undefined || !isAbsolute(at) || (inContainer && mode === "download")) return undefined;
  return {
    code: "UnsupportedField",
    target: `${property}.${below.at}`,
    message: `'${at}' would be a path of the target's own machine, which is not the service's to write to. Give a path relative to the project, or none.`,
  };
}

/** What is mounted from elsewhere is that storage: nothing else can be laid into it. */
function lyingIn(mounted: readonly DataUse[], { property, below, at }: DataUse): Detail[] {
  const outer = mounted.find((one) => one.at !== undefined && at?.startsWith(`${one.at}/`));
  return outer === undefined
    ? []
    : [
        {
          code: "UnsupportedField",
          target: `${property}.${below.at}`,
          message: `'${at}' lies in '${outer.at}', at which '${outer.name}' is mounted; choose a path outside of it.`,
        },
      ];
}
