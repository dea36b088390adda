// What is wrong with the data that a definition asks for, as far as the definition alone tells. Pure.
import type { execution } from "@malachite/contract";
import type { Detail } from "../failure/malachiteError.ts";
import { RESERVED_VARIABLES } from "../launch/variables.ts";
import { checkProjectPath } from "../snapshot/projectPath.ts";
import { type DataUse, dataUses, isAbsolute, storePath } from "./dataUse.ts";

type Configuration = execution.RunConfiguration;

/** A name becomes a folder and a part of a variable. */
const NAME = /^[A-Za-z0-9_][\w.-]{0,127}$/;
const VARIABLE = /^[A-Za-z_]\w{0,127}$/;

/** What every program reads: a run whose PATH is a folder of data would not even start. */
const TAKEN =
  /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_.*|TZ|TMPDIR|PWD|IFS|LD_.*|PYTHON.*|MALACHITE_.*|MLFLOW_.*|AZUREML_.*|REQUESTS_CA_BUNDLE)$/;

/** Every fault of the values, and what is not done here, each with its path. */
export function dataFaults(configuration: Configuration): {
  readonly wrong: readonly Detail[];
  readonly unsupported: readonly Detail[];
} {
  const wrong: Detail[] = [];
  const unsupported: Detail[] = [];
  const not = (target: string, message: string) =>
    unsupported.push({ code: "UnsupportedField", target, message });
  for (const [name, one] of entries(configuration.dataReferences)) {
    const at = `configuration.dataReferences.${name}`;
    wrong.push(...nameFaults(at, name, undefined));
    if (!one.dataStoreName) wrong.push(missing(`${at}.dataStoreName`));
    wrong.push(...storePathFaults(`${at}.pathOnDataStore`, one.pathOnDataStore));
    wrong.push(...placeFaults(`${at}.pathOnCompute`, one.pathOnCompute));
  }
  for (const [name, one] of entries(configuration.data)) {
    const at = `configuration.data.${name}`;
    wrong.push(...nameFaults(at, name, one.environmentVariableName || name));
    wrong.push(...placeFaults(`${at}.pathOnCompute`, one.pathOnCompute));
    const told = locationFaults(`${at}.dataLocation`, one.dataLocation, wrong, not);
    const mechanism = one.mechanism ?? "Direct";
    if (!told && mechanism !== "Mount" && mechanism !== "Download")
      not(`${at}.mechanism`, `'${mechanism}' is not done for inputs; Mount and Download are.`);
  }
  for (const [name, one] of entries(configuration.outputData)) {
    const at = `configuration.outputData.${name}`;
    wrong.push(...nameFaults(at, name, name));
    const options = one.additionalOptions;
    wrong.push(...placeFaults(`${at}.additionalOptions.pathOnCompute`, options?.pathOnCompute));
    if (one.outputLocation) locationFaults(`${at}.outputLocation`, one.outputLocation, wrong, not, "out");
    const mechanism = one.mechanism ?? "Mount";
    if (mechanism !== "Mount" && mechanism !== "Upload")
      not(`${at}.mechanism`, `'${mechanism}' is not done for outputs; Mount and Upload are.`);
    const { name: dataset, datasetRegistrationOptions: more } = options?.registrationOptions ?? {};
    if (dataset || more?.additionalTransformation)
      not(
        `${at}.additionalOptions.registrationOptions`,
        "Datasets are not served, so an output is not registered as one; it lies in its datastore.",
      );
  }
  if (wrong.length === 0) wrong.push(...togetherFaults(dataUses(configuration, "run")));
  return { wrong, unsupported };
}

const entries = <T extends object>(map: Readonly<Record<string, T>> | undefined): [string, T][] =>
  Object.entries(map ?? {});

const missing = (target: string): Detail => ({
  target,
  message: `'${target.slice(target.lastIndexOf(".") + 1)}' is required and was not given.`,
});

function nameFaults(target: string, name: string, variable: string | undefined): Detail[] {
  if (!NAME.test(name))
    return [
      {
        target,
        message: "A name of data is 1 to 128 letters, digits, '_', '.' or '-', no '.' or '-' first.",
      },
    ];
  if (variable === undefined) return [];
  if (!VARIABLE.test(variable))
    return [{ target, message: `'${variable}' cannot be the name of a variable.` }];
  const upper = variable.toUpperCase();
  return TAKEN.test(upper) || RESERVED_VARIABLES.has(upper)
    ? [
        {
          target,
          message: `'${variable}' would take the place of the variable ${upper}; choose another name.`,
        },
      ]
    : [];
}

function storePathFaults(target: string, path: string | undefined): Detail[] {
  if (path === undefined || storePath(path) !== undefined) return [];
  return [{ target, message: `${JSON.stringify(path)} is not a path inside the datastore.` }];
}

const LONGEST_PLACE = 3000;
const UNUSUAL = /[\u0000-\u001f\u007f\\]/;

function placeFaults(target: string, given: string | undefined): Detail[] {
  if (given === undefined || (given.length <= LONGEST_PLACE && !UNUSUAL.test(given))) return [];
  return [{ target, message: `${JSON.stringify(given.slice(0, 200))} cannot be a path.` }];
}

type Location = NonNullable<NonNullable<Configuration["data"]>[string]["dataLocation"]>;

/** True when something was found: then a fault of the mechanism would be told twice. */
function locationFaults(
  at: string,
  location: Location | undefined,
  wrong: Detail[],
  not: (target: string, message: string) => void,
  direction: "in" | "out" = "in",
): boolean {
  const { dataset, dataPath, uri } = location ?? {};
  const given = [dataset, dataPath, uri].filter((one) => one !== undefined && Object.keys(one).length > 0);
  if (given.length !== 1) {
    wrong.push({ target: at, message: "Exactly one of 'dataPath', 'uri' and 'dataset' is required." });
    return true;
  }
  if (dataset) {
    const what = dataset.name || dataset.id || "a dataset";
    not(
      `${at}.dataset`,
      `Datasets are not served, so '${what}' is not known here. Give the datastore and path: DataPath(datastore_name, relative_path), or a data reference.`,
    );
    return true;
  }
  if (dataPath) {
    if (!dataPath.datastoreName) wrong.push(missing(`${at}.dataPath.datastoreName`));
    const faults = storePathFaults(`${at}.dataPath.relativePath`, dataPath.relativePath);
    wrong.push(...faults);
    return faults.length > 0 || !dataPath.datastoreName;
  }
  const path = uri?.path;
  if (!path) {
    wrong.push(missing(`${at}.uri.path`));
    return true;
  }
  const kind = /^[a-z0-9+.-]+(?=:)/i.exec(path)?.[0]?.toLowerCase();
  if (kind === "azureml" && /\/paths\//i.test(path)) return false;
  if ((kind === "https" || kind === "http") && direction === "in" && URL.canParse(path)) {
    const { username, password } = new URL(path);
    if (!username && !password) return false;
    wrong.push({
      target: `${at}.uri.path`,
      message: "A URI with a name or password would be kept and shown.",
    });
    return true;
  }
  not(
    `${at}.uri.path`,
    direction === "in"
      ? `'${kind ?? path.slice(0, 50)}' is not read; https://… and azureml://…/datastores/NAME/paths/PATH are.`
      : "Outputs go to a datastore: give a dataPath, or azureml://…/datastores/NAME/paths/PATH.",
  );
  return true;
}

/** What is wrong only with several of them, or with where they are to be seen. */
function togetherFaults(uses: readonly DataUse[]): Detail[] {
  const faults: Detail[] = [];
  const names = new Map<string, string>();
  for (const { property, below, name, at, mode } of uses) {
    const other = names.get(name);
    if (other !== undefined)
      faults.push({ target: property, message: `'${name}' is taken by ${other}; each needs its own name.` });
    names.set(name, property);
    if (at === undefined || isAbsolute(at)) continue;
    const target = `${property}.${below.at}`;
    if (!checkProjectPath(at).ok)
      faults.push({ target, message: `'${at}' does not lie in the project folder.` });
    else if (mode !== "upload" && (at === "outputs" || at === "logs"))
      faults.push({ target, message: `'${at}' is a folder of the run's own; choose a folder below it.` });
  }
  return faults;
}
