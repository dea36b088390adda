// Which container of artifacts an address names, and how it is named back. This service keeps files of all the contract's origins.

import { artifact } from "@malachite/contract";
import {
  type Container,
  containerOf,
  type Flow,
  isMalachiteError,
  MalachiteError,
  type Run,
  type RunFile,
  type Scope,
} from "@malachite/core";

/** Where artifacts are: as the wire names it, and as the service does. */
export type Place = { readonly origin: string; readonly container: string; readonly at: Container };

const RUN_ORIGIN = "ExperimentRun";

/** Throws ArtifactNotFound for an origin that there is not. */
export function placeOf(
  scope: Scope,
  { origin, container }: { readonly origin: string; readonly container: string },
): Place {
  const known = artifact.ORIGINS.find((name) => name.toLowerCase() === origin.toLowerCase());
  if (known) return { origin: known, container, at: containerOf(scope, known, container) };
  throw new MalachiteError(
    "ArtifactNotFound",
    `There are no files of the origin '${origin.slice(0, 100)}'. The origin of a run's files is ${RUN_ORIGIN}; the others are ${artifact.ORIGINS.filter((name) => name !== RUN_ORIGIN).join(", ")}.`,
    { target: "origin" },
  );
}

export const placeOfRun = (run: Run): Place =>
  placeOf(run.scope, { origin: RUN_ORIGIN, container: run.dataContainerId });

/** The three parts of `{origin}/{container}/{path}`, with or without the scheme that the SDK puts in front. Throws InvalidRequest. */
export function partsOfId(id: string): {
  readonly origin: string;
  readonly container: string;
  readonly path: string;
} {
  const [origin = "", container = "", ...path] = id.replace(/^aml:\/\/artifactId\//i, "").split("/");
  if (origin !== "" && container !== "" && path.length > 0)
    return { origin, container, path: path.join("/") };
  throw new MalachiteError(
    "InvalidRequest",
    `'${id.slice(0, 200)}' is not the id of an artifact: {origin}/{container}/{path}.`,
    { target: "artifactIds" },
  );
}

/**
 * The file that a URL ends in. The v1 SDK does not encode the path there, so that a name with `%20` in it is sent as it is: when
 * there is no file of the decoded name, one of the name as it was sent is meant. Throws ArtifactNotFound.
 */
export async function fileAt(
  { fileInfo }: Pick<Flow, "fileInfo">,
  { at }: Place,
  path: string,
  sentRest: string,
): Promise<RunFile> {
  try {
    return await fileInfo(at, path);
  } catch (error) {
    if (sentRest === path || !isMalachiteError(error) || !NOT_IT.has(error.code)) throw error;
    return await fileInfo(at, sentRest).catch(() => {
      throw error;
    });
  }
}

const NOT_IT: ReadonlySet<string> = new Set(["ArtifactNotFound", "BadPath"]);
