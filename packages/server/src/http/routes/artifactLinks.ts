// Where the contents of artifacts are: links to read and to write, one by one, by prefix and in batches.
import { artifact } from "@malachite/contract";
import { artifactsById, newArtifact, newArtifacts } from "../artifactBatch.ts";
import { type LinkTo, readLink, storageUri, writeLink } from "../artifactLinks.ts";
import { fileAt, type Place, placeOf } from "../artifactPlace.ts";
import { contentInformationDto } from "../dto/artifact.ts";
import type { Edge } from "../edge.ts";
import { linkPage } from "../filePage.ts";
import { route } from "../route.ts";

/** Of a file that is there. */
async function whereIs(place: Place, path: string, { flow }: Edge, linkTo: LinkTo, sentRest = path) {
  const file = await fileAt(flow, place, path, sentRest);
  return contentInformationDto(place, file.path, linkTo(place, file.path));
}

export const getArtifactContentInformation = route(
  artifact.getArtifactContentInformation,
  ({ scope, params, query, base }, edge) =>
    whereIs(placeOf(scope, params), query.path, edge, readLink(edge, base)),
);
export const getArtifactContentInformationByPath = route(
  artifact.getArtifactContentInformationByPath,
  ({ scope, params, base, sentRest }, edge) =>
    whereIs(placeOf(scope, params), params.path, edge, readLink(edge, base), sentRest),
);
export const getArtifactStorageUri = route(
  artifact.getArtifactStorageUri,
  ({ scope, params, query, base }, edge) =>
    whereIs(placeOf(scope, params), query.path, edge, storageUri(base)),
);

export const listArtifactContentInformation = route(
  artifact.listArtifactContentInformation,
  ({ scope, params, query, base }, edge) =>
    linkPage(edge.flow, placeOf(scope, params), query, readLink(edge, base)),
);
export const listArtifactContentInformationByPath = route(
  artifact.listArtifactContentInformationByPath,
  ({ scope, params, query, base }, edge) =>
    linkPage(edge.flow, placeOf(scope, params), { ...query, path: params.path }, readLink(edge, base)),
);
export const listArtifactStorageUris = route(
  artifact.listArtifactStorageUris,
  ({ scope, params, query, base }, { flow }) =>
    linkPage(flow, placeOf(scope, params), query, storageUri(base)),
);

/** Of a file that need not be there yet. */
async function whereTo(place: Place, path: string, base: string, edge: Edge) {
  await edge.flow.allowWorkspace(place.at.scope);
  const made = newArtifact(edge, place, path);
  return contentInformationDto(place, made.path, writeLink(edge, base)(place, made.path));
}

export const getArtifactWriteLink = route(
  artifact.getArtifactWriteLink,
  ({ scope, params, query, base }, edge) => whereTo(placeOf(scope, params), query.path, base, edge),
);
export const getArtifactWriteLinkByPath = route(
  artifact.getArtifactWriteLinkByPath,
  ({ scope, params, base }, edge) => whereTo(placeOf(scope, params), params.path, base, edge),
);

export const createArtifact = route(artifact.createArtifact, async ({ scope, body }, edge) => {
  await edge.flow.allowWorkspace(scope);
  const { path, ...named } = await body();
  return newArtifact(edge, placeOf(scope, named), path);
});
export const createArtifacts = route(artifact.createArtifacts, async (ask, edge) => {
  const { scope, params } = ask;
  await edge.flow.allowWorkspace(scope);
  return newArtifacts(ask, edge, placeOf(scope, params), (await ask.body()).paths);
});

export const getArtifactsById = route(artifact.getArtifactsById, async (ask, edge) =>
  artifactsById(ask, edge, (await ask.body()).artifactIds, readLink(edge, ask.base)),
);
export const getArtifactStorageUrisById = route(artifact.getArtifactStorageUrisById, async (ask, edge) =>
  artifactsById(ask, edge, (await ask.body()).artifactIds, storageUri(ask.base)),
);
