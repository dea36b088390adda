// What the operations on artifacts answer, at whichever of their addresses.
import { pageOf } from "../history/query.ts";
import { Artifact, ArtifactContentInformation } from "./artifact.ts";

export const artifact = { kind: "json", schema: Artifact, description: "The artifact." } as const;
export const page = {
  kind: "json",
  schema: pageOf("PaginatedArtifactList", Artifact),
  description: "A page of artifacts.",
} as const;
export const information = {
  kind: "json",
  schema: ArtifactContentInformation,
  description: "Where the content is.",
} as const;
export const informationPage = {
  kind: "json",
  schema: pageOf("PaginatedArtifactContentInformationList", ArtifactContentInformation),
  description: "Where the contents are.",
} as const;
