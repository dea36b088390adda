// A kept file as the artifact service shows it.
import type { artifact } from "@malachite/contract";
import type { RunFile } from "@malachite/core";
import { dateText } from "./dates.ts";

/** The origin of every file this service keeps. */
export const ORIGIN = "ExperimentRun";

export const artifactDto = (container: string, file: RunFile): artifact.Artifact => ({
  artifactId: `${ORIGIN}/${container}/${file.path}`,
  origin: ORIGIN,
  container,
  path: file.path,
  etag: file.etag,
  createdTime: dateText(file.createdAt),
  dataPath: {
    dataStoreName: "workspaceartifactstore",
    relativePath: `${ORIGIN}/${container}/${file.path}`,
  },
});

export const contentInformationDto = (
  container: string,
  path: string,
  contentUri: string,
): artifact.ArtifactContentInformation => ({ contentUri, origin: ORIGIN, container, path });

/** One that has no content yet. */
export const newArtifactDto = (
  origin: string,
  container: string,
  path: string,
  now: number,
): artifact.Artifact => ({
  artifactId: `${origin}/${container}/${path}`,
  origin,
  container,
  path,
  createdTime: dateText(now),
  dataPath: { dataStoreName: "workspaceartifactstore", relativePath: `${origin}/${container}/${path}` },
});
