// A page of files, as descriptions or as links.
import type { artifact } from "@malachite/contract";
import type { Flow } from "@malachite/core";
import type { Place } from "./artifactPlace.ts";
import { pathOf, tokenOf } from "./continuation.ts";
import { artifactDto, contentInformationDto } from "./dto/artifact.ts";
import { given } from "./dto/run.ts";

const FILES_IN_A_PAGE = 500;

type Files = Pick<Flow, "listFiles" | "fileInfo">;
type FileQuery = { readonly path?: string | undefined; readonly continuationToken?: string | undefined };

async function list(flow: Files, { at }: Place, query: FileQuery) {
  const after = query.continuationToken ? pathOf(query.continuationToken) : undefined;
  // The SDK puts a slash at the end of a prefix, and sometimes another.
  const prefix = query.path?.replace(/\/+$/, "/").replace(/^\/+/, "");
  const { values, next } = await flow.listFiles(at, { limit: FILES_IN_A_PAGE, ...given({ prefix, after }) });
  return { values, ...given({ continuationToken: next === undefined ? undefined : tokenOf(next) }) };
}

/** Descriptions of the files, in order of path. Throws BadContinuationToken. */
export async function filePage(
  flow: Files,
  place: Place,
  query: FileQuery,
): Promise<{ value: artifact.Artifact[]; continuationToken?: string }> {
  const { values, ...rest } = await list(flow, place, query);
  return { value: values.map((file) => artifactDto(place, file)), ...rest };
}

/** Where the files are, in order of path. Throws BadContinuationToken. */
export async function linkPage(
  flow: Files,
  place: Place,
  query: FileQuery,
  linkTo: (place: Place, path: string) => string,
): Promise<{ value: artifact.ArtifactContentInformation[]; continuationToken?: string }> {
  const { values, ...rest } = await list(flow, place, query);
  return {
    value: values.map(({ path }) => contentInformationDto(place, path, linkTo(place, path))),
    ...rest,
  };
}
