// The history service's view of one run's files: the same files, addressed by the run.
import { artifact } from "@malachite/contract";
import type { RunAddress } from "@malachite/core";
import { newArtifacts } from "../artifactBatch.ts";
import { readLink } from "../artifactLinks.ts";
import { fileAt, type Place, placeOfRun } from "../artifactPlace.ts";
import { artifactDto, contentInformationDto } from "../dto/artifact.ts";
import type { Edge } from "../edge.ts";
import { filePage, linkPage } from "../filePage.ts";
import { addressOf, route } from "../route.ts";

const placeAt = async ({ flow }: Edge, address: RunAddress): Promise<Place> =>
  placeOfRun((await flow.getRun(address)).run);

export const listRunArtifacts = route(artifact.listRunArtifacts, async (ask, edge) =>
  filePage(edge.flow, await placeAt(edge, addressOf(ask)), ask.query),
);
export const listRunArtifactsUnderPath = route(artifact.listRunArtifactsUnderPath, async (ask, edge) =>
  filePage(edge.flow, await placeAt(edge, addressOf(ask)), ask.query),
);
export const listRunArtifactsByPath = route(artifact.listRunArtifactsByPath, async (ask, edge) =>
  filePage(edge.flow, await placeAt(edge, addressOf(ask)), { ...ask.query, path: ask.params.path }),
);

const describe = async (edge: Edge, address: RunAddress, path: string, sentRest = path) => {
  const place = await placeAt(edge, address);
  return artifactDto(place, await fileAt(edge.flow, place, path, sentRest));
};
export const getRunArtifact = route(artifact.getRunArtifact, (ask, edge) =>
  describe(edge, addressOf(ask), ask.query.path),
);
export const getRunArtifactByPath = route(artifact.getRunArtifactByPath, (ask, edge) =>
  describe(edge, addressOf(ask), ask.params.path, ask.sentRest),
);

const whereIs = async (edge: Edge, address: RunAddress, path: string, base: string, sentRest = path) => {
  const place = await placeAt(edge, address);
  const file = await fileAt(edge.flow, place, path, sentRest);
  return contentInformationDto(place, file.path, readLink(edge, base)(place, file.path));
};
export const getRunArtifactContentInformation = route(
  artifact.getRunArtifactContentInformation,
  (ask, edge) => whereIs(edge, addressOf(ask), ask.query.path, ask.base),
);
export const getRunArtifactContentInformationByPath = route(
  artifact.getRunArtifactContentInformationByPath,
  (ask, edge) => whereIs(edge, addressOf(ask), ask.params.path, ask.base, ask.sentRest),
);

export const listRunArtifactContentInformation = route(
  artifact.listRunArtifactContentInformation,
  async (ask, edge) =>
    linkPage(edge.flow, await placeAt(edge, addressOf(ask)), ask.query, readLink(edge, ask.base)),
);
export const listRunArtifactContentInformationByPath = route(
  artifact.listRunArtifactContentInformationByPath,
  async (ask, edge) => {
    const place = await placeAt(edge, addressOf(ask));
    return linkPage(edge.flow, place, { ...ask.query, path: ask.params.path }, readLink(edge, ask.base));
  },
);

const uriOf = async (...ask: Parameters<typeof whereIs>): Promise<string> =>
  (await whereIs(...ask)).contentUri ?? "";
export const getRunArtifactUri = route(artifact.getRunArtifactUri, (ask, edge) =>
  uriOf(edge, addressOf(ask), ask.query.path, ask.base),
);
export const getRunArtifactUriByPath = route(artifact.getRunArtifactUriByPath, (ask, edge) =>
  uriOf(edge, addressOf(ask), ask.params.path, ask.base, ask.sentRest),
);

export const createRunArtifacts = route(artifact.createRunArtifacts, async (ask, edge) => {
  const place = await placeAt(edge, addressOf(ask));
  return newArtifacts(ask, edge, place, (await ask.body()).paths);
});
