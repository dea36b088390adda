// A page of files, as descriptions or as links.
import type { artifact } from "@malachite/contract";
import type { Container, Flow } from "@malachite/core";
import { pathOf, tokenOf } from "./continuation.ts";
import { artifactDto, contentInformationDto } from "./dto/artifact.ts";
import { given } from "./dto/run.ts";
import type { Edge } from "./edge.ts";

const FILES_IN_A_PAGE = 500;

type Files = Pick<Flow, "listFiles" | "fileInfo">;
type FileQuery = { readonly path?: string | undefined; readonly continuationToken?: string | undefined };

async function list(flow: Files, at: Container, query: FileQuery) {
  const after = query.continuationToken ? pathOf(query.continuationToken) : undefined;
  const { values, next } = await flow.listFiles(at, {
    limit: FILES_IN_A_PAGE,
    ...given({ prefix: query.path, after }),
  });
  return { values, ...given({ continuationToken: next === undefined ? undefined : tokenOf(next) }) };
}

/** Descriptions of the files, in order of path. Throws BadContinuationToken. */
export async function filePage(
  flow: Files,
  at: Container,
  query: FileQuery,
): Promise<{ value: artifact.Artifact[]; continuationToken?: string }> {
  const { values, ...rest } = await list(flow, at, query);
  return { value: values.map((file) => artifactDto(at.container, file)), ...rest };
}

/** Signed links to the files, in order of path. Throws BadContinuationToken. */
export async function linkPage(
  { flow, auth }: Pick<Edge, "flow" | "auth">,
  at: Container,
  query: FileQuery,
  base: string,
): Promise<{ value: artifact.ArtifactContentInformation[]; continuationToken?: string }> {
  const { values, ...rest } = await list(flow, at, query);
  const value = values.map(({ path }) =>
    contentInformationDto(at.container, path, auth.links.sign(base, at, path)),
  );
  return { value, ...rest };
}
