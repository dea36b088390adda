// Turns what was brought into what a launch plan needs: variables, places in the run's folder, paths for arguments. Pure.
import { FOLDER_MARK, type Mount, RUN_FOLDER } from "../launch/launchPlan.ts";
import { type DataUse, isAbsolute } from "./dataUse.ts";

/**
 * Where the data of a use lies on the service's machine; with the name of a place that is a single file. `is`: see Mount.
 */
export type DataSource = { readonly source: string; readonly file?: string } & Pick<Mount, "is">;

export type PlacedData = {
  readonly environment: Readonly<Record<string, string>>;
  readonly mounts: readonly Mount[];
  /** Folders that exist in the project before the start. */
  readonly folders: readonly string[];
  /** Folders of the run's folder, outside of the project, that take what is to be sent: of a run on another machine. */
  readonly ownFolders: readonly string[];
  /** The path of each name, for arguments. */
  readonly paths: ReadonlyMap<string, string>;
};

export const NO_DATA: PlacedData = {
  environment: {},
  mounts: [],
  folders: [],
  ownFolders: [],
  paths: new Map(),
};

/** The folder of a use that names none: beside the project, so that nothing of it is taken for an output. */
const ownFolder = (name: string): string => `${FOLDER_MARK}/${RUN_FOLDER.data(name)}`;

/** An upload from a folder of the project needs no source: it is read where it lies. */
export const isInProject = ({ mode, at }: DataUse): boolean =>
  mode === "upload" && at !== undefined && !isAbsolute(at);

export function placeData(uses: readonly DataUse[], sources: ReadonlyMap<string, DataSource>): PlacedData {
  const environment: Record<string, string> = {};
  const mounts: Mount[] = [];
  const folders: string[] = [];
  const ownFolders: string[] = [];
  const paths = new Map<string, string>();
  for (const use of uses) {
    const folder = use.at ?? ownFolder(use.name);
    const { source, file, is } = sources.get(use.name) ?? {};
    const at = file === undefined || use.atIsFile ? folder : `${folder}/${file}`;
    if (source !== undefined)
      mounts.push({
        source,
        at,
        readOnly: use.readOnly,
        ...(is === undefined ? {} : { is }),
        ...(use.mode === "download" ? { merge: use.overwrite ? "replace" : "keep" } : {}),
      });
    else if (isInProject(use)) folders.push(...toMake(use, folder));
    else if (use.at === undefined) ownFolders.push(RUN_FOLDER.data(use.name));
    const path = absolute(file === undefined || use.namesFile ? at : folder);
    paths.set(use.name, path);
    for (const variable of use.variables) environment[variable] = path;
  }
  return { environment, mounts, folders, ownFolders, paths };
}

function toMake({ makeFolder }: DataUse, at: string): readonly string[] {
  if (makeFolder) return [at];
  const above = at.slice(0, Math.max(0, at.lastIndexOf("/")));
  return above === "" ? [] : [above];
}

const absolute = (at: string): string =>
  isAbsolute(at) || at.startsWith(FOLDER_MARK) ? at : `${FOLDER_MARK}/${RUN_FOLDER.project}/${at}`;
