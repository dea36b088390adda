// An artifact as the artifact service shows it.
import type { artifact } from "@malachite/contract";
import type { Instant } from "@malachite/core";
import { dateText } from "./dates.ts";

type Named = { readonly origin: string; readonly container: string };

/** One whose content is announced but has not come has no etag. */
export const artifactDto = (
  { origin, container }: Named,
  file: { readonly path: string; readonly createdAt: Instant; readonly etag?: string },
): artifact.Artifact => ({
  artifactId: `${origin}/${container}/${file.path}`,
  origin,
  container,
  path: file.path,
  ...(file.etag === undefined ? {} : { etag: file.etag }),
  createdTime: dateText(file.createdAt),
  dataPath: {
    dataStoreName: "workspaceartifactstore",
    relativePath: `${origin}/${container}/${file.path}`,
  },
});

export const contentInformationDto = (
  { origin, container }: Named,
  path: string,
  contentUri: string,
): artifact.ArtifactContentInformation => ({ contentUri, origin, container, path });
