// What a definition asks for around a run's data, in one form: `dataReferences`, `data` and `outputData` differ only here. Pure.
import type { execution } from "@malachite/contract";
import { checkProjectPath } from "../snapshot/projectPath.ts";

/** Where data is kept: a folder or file of a datastore, or one file of the web. */
export type DataPlace = { readonly datastore: string; readonly path: string } | { readonly uri: string };

export type DataMode = "mount" | "download" | "upload";

/** One piece of data that comes to a run, or that it leaves. */
export type DataUse = {
  /** The property that asks for it, as errors name it, and those below it. */
  readonly property: string;
  readonly below: { readonly store: string; readonly mode: string; readonly at: string };
  readonly name: string;
  readonly mode: DataMode;
  readonly place: DataPlace;
  /** Where the run sees it: absolute, or relative to the project folder. Absent: in a folder of its own, out of the project. */
  readonly at?: string;
  /** `at` is the path of a place that is a single file; else the file comes into a folder of that path. */
  readonly atIsFile: boolean;
  /** Whether variables name a single file itself, or the folder it is in. */
  readonly namesFile: boolean;
  /** The run may write there. Only an engine that can keep a run from it does. */
  readonly readOnly: boolean;
  readonly overwrite: boolean;
  /** Only files that match one of these are sent; none: all. */
  readonly globs: readonly string[];
  /** A folder is made before the run starts; else only the one above it. */
  readonly makeFolder: boolean;
  /** Variables that hold the path. */
  readonly variables: readonly string[];
};

type Configuration = Pick<execution.RunConfiguration, "dataReferences" | "data" | "outputData">;

/** Where outputs go that name no place, as on Azure. */
const OUTPUT_STORE = "workspaceblobstore";
const OUTPUT_PATH = "dataset/{run-id}/{output-name}";

export const referenceVariable = (name: string): string => `AZUREML_DATAREFERENCE_${name}`;

/** Every use that is whole; what is wrong with the others is told by dataFaults. */
export function dataUses(configuration: Configuration, runId: string): readonly DataUse[] {
  const { dataReferences, data, outputData } = configuration;
  return [
    ...Object.entries(dataReferences ?? {}).flatMap(([name, one]) => referenceUse(name, one) ?? []),
    ...Object.entries(data ?? {}).flatMap(([name, one]) => inputUse(name, one) ?? []),
    ...Object.entries(outputData ?? {}).flatMap(([name, one]) => outputUse(name, one, runId) ?? []),
  ];
}

type Reference = NonNullable<Configuration["dataReferences"]>[string];
type Input = NonNullable<Configuration["data"]>[string];
type Output = NonNullable<Configuration["outputData"]>[string];

function referenceUse(name: string, one: Reference): DataUse | undefined {
  const path = storePath(one.pathOnDataStore ?? "");
  if (!one.dataStoreName || path === undefined) return undefined;
  const mode = (one.mode ?? "Mount").toLowerCase() as DataMode;
  const datastore = one.dataStoreName;
  const given = one.pathOnCompute ?? "";
  // As the SDK's own code on a compute does it: downloads lie below a folder of the datastore's name, with their whole path.
  const at =
    mode === "download"
      ? joined(isAbsolute(given) ? given : joined(datastore, given), path)
      : plainPlace(given);
  return {
    property: `configuration.dataReferences.${name}`,
    below: { store: "dataStoreName", mode: "mode", at: "pathOnCompute" },
    name,
    mode,
    place: { datastore, path },
    ...(at ? { at } : {}),
    atIsFile: mode === "download",
    namesFile: true,
    readOnly: false,
    overwrite: one.overwrite === true,
    globs: [],
    makeFolder: false,
    variables: [referenceVariable(name)],
  };
}

function inputUse(name: string, one: Input): DataUse | undefined {
  const place = placeOf(one.dataLocation);
  const mode = (one.mechanism ?? "Direct").toLowerCase();
  if (!place || (mode !== "mount" && mode !== "download")) return undefined;
  const variable = one.environmentVariableName || name;
  const at = plainPlace(one.pathOnCompute);
  return {
    property: `configuration.data.${name}`,
    below: { store: "dataLocation", mode: "mechanism", at: "pathOnCompute" },
    name,
    mode,
    place,
    ...(at ? { at } : {}),
    atIsFile: false,
    namesFile:
      !isOn(one.options, "forceFolder") &&
      (one.dataLocation?.uri === undefined || one.dataLocation.uri.isFile === true),
    readOnly: mode === "mount" && !isOn(one.options, "readWrite"),
    overwrite: one.overwrite === true,
    globs: [],
    makeFolder: true,
    variables: variablesOf(variable, name),
  };
}

function outputUse(name: string, one: Output, runId: string): DataUse | undefined {
  const mode = (one.mechanism ?? "Mount").toLowerCase();
  const place = one.outputLocation
    ? placeOf(one.outputLocation)
    : { datastore: OUTPUT_STORE, path: OUTPUT_PATH };
  if (!place || !("datastore" in place) || (mode !== "mount" && mode !== "upload")) return undefined;
  const path = place.path.replaceAll("{run-id}", runId).replaceAll("{output-name}", name);
  const { pathOnCompute, uploadOptions } = one.additionalOptions ?? {};
  const at = plainPlace(pathOnCompute);
  return {
    property: `configuration.outputData.${name}`,
    below: { store: "outputLocation", mode: "mechanism", at: "additionalOptions.pathOnCompute" },
    name,
    mode,
    place: { datastore: place.datastore, path },
    ...(at ? { at } : {}),
    atIsFile: false,
    namesFile: false,
    readOnly: false,
    overwrite: uploadOptions?.overwrite === true,
    globs: uploadOptions?.sourceGlobs?.patterns ?? [],
    makeFolder: true,
    variables: variablesOf(name, name),
  };
}

/** Options are written as the texts of Python's booleans, their names in any case. */
const isOn = (options: Input["options"], name: string): boolean =>
  Object.entries(options ?? {}).some(
    ([key, value]) => key.toLowerCase() === name.toLowerCase() && /^true$/i.test(String(value)),
  );

/** The SDK looks a dataset up under its name and under the same in capitals. */
const variablesOf = (variable: string, name: string): readonly string[] => [
  ...new Set([variable, variable.toUpperCase(), referenceVariable(variable), referenceVariable(name)]),
];

type Location = Input["dataLocation"];

/** `azureml://datastores/NAME/paths/PATH`, also with the workspace's address in front. */
const DATASTORE_URI =
  /^azureml:\/\/(?:subscriptions\/[^/]+\/resourcegroups\/[^/]+\/(?:providers\/Microsoft\.MachineLearningServices\/)?workspaces\/[^/]+\/)?datastores\/([^/]+)\/paths\/(.*)$/i;

export function placeOf(location: Location): DataPlace | undefined {
  const { dataPath, uri } = location ?? {};
  if (dataPath?.datastoreName) {
    const path = storePath(dataPath.relativePath ?? "");
    return path === undefined ? undefined : { datastore: dataPath.datastoreName, path };
  }
  if (!uri?.path) return undefined;
  const [, datastore, rest] = DATASTORE_URI.exec(uri.path) ?? [];
  if (datastore === undefined) return { uri: uri.path };
  const path = storePath(rest ?? "");
  return path === undefined ? undefined : { datastore, path };
}

/** The path in its datastore, "" for all of it; undefined for one that would lead out, also when it is decoded once more. */
export function storePath(given: string): string | undefined {
  const path = given
    .replace(/^(\.?\/)+/, "")
    .replace(/\/+$/, "")
    .replace(/^\.$/, "");
  if (path === "") return "";
  const names = /%2e|%2f|%5c/i.test(path) ? decodedOnce(path) : path;
  return checkProjectPath(path).ok && names !== undefined && checkProjectPath(names).ok ? path : undefined;
}

function decodedOnce(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    // Not encoded at all: it is what it says.
    return path;
  }
}

export const isAbsolute = (path: string): boolean => path.startsWith("/");

/** Two parts of a path with `.` and `..` worked out; what leads above the first part keeps its `..`. */
function joined(first: string, second: string): string {
  const out: string[] = [];
  for (const name of `${first}/${second}`.split("/")) {
    if (name === "" || name === ".") continue;
    if (name === ".." && out.length > 0 && out.at(-1) !== "..") out.pop();
    else out.push(name);
  }
  return `${first.startsWith("/") ? "/" : ""}${out.join("/")}`;
}

const plainPlace = (given: string | undefined): string => (given ? joined(given, "") : "");
