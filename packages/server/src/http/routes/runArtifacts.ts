// The history service's view of one run's files: the same files, addressed by the run.
import { artifact } from "@malachite/contract";
import type { Container, Flow, RunAddress } from "@malachite/core";
import { artifactDto, contentInformationDto, ORIGIN } from "../dto/artifact.ts";
import { filePage, linkPage } from "../filePage.ts";
import { newArtifacts } from "../newArtifacts.ts";
import { addressOf, route } from "../route.ts";

async function containerOf(flow: Flow, address: RunAddress): Promise<Container> {
  const { run } = await flow.getRun(address);
  return { scope: run.scope, container: run.dataContainerId };
}

export const listRunArtifacts = route(artifact.listRunArtifacts, async (ask, { flow }) =>
  filePage(flow, await containerOf(flow, addressOf(ask)), ask.query),
);

export const listRunArtifactsUnderPath = route(artifact.listRunArtifactsUnderPath, async (ask, { flow }) =>
  filePage(flow, await containerOf(flow, addressOf(ask)), ask.query),
);

export const getRunArtifact = route(artifact.getRunArtifact, async (ask, { flow }) => {
  const at = await containerOf(flow, addressOf(ask));
  return artifactDto(at.container, await flow.fileInfo(at, ask.query.path));
});

export const getRunArtifactContentInformation = route(
  artifact.getRunArtifactContentInformation,
  async (ask, { flow, auth }) => {
    const at = await containerOf(flow, addressOf(ask));
    const { path } = await flow.fileInfo(at, ask.query.path);
    return contentInformationDto(at.container, path, auth.links.sign(ask.base, at, path));
  },
);

export const listRunArtifactContentInformation = route(
  artifact.listRunArtifactContentInformation,
  async (ask, edge) => linkPage(edge, await containerOf(edge.flow, addressOf(ask)), ask.query, ask.base),
);

export const getRunArtifactUri = route(artifact.getRunArtifactUri, async (ask, { flow, auth }) => {
  const at = await containerOf(flow, addressOf(ask));
  const { path } = await flow.fileInfo(at, ask.query.path);
  return auth.links.sign(ask.base, at, path);
});

export const createRunArtifacts = route(artifact.createRunArtifacts, async (ask, edge) => {
  const { scope, container } = await containerOf(edge.flow, addressOf(ask));
  const { paths } = await ask.body();
  return newArtifacts(ask, edge, { scope, origin: ORIGIN, container }, paths);
});
