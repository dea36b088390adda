// A kept file and where its bytes are (artifact.json 2019-09-30).
import Type, { type Static } from "typebox";
import { ErrorResponse } from "../errors.ts";
import { dateTime, mapOf, model, oneOf, optional } from "../model.ts";

const StoredProcedureParameter = model("StoredProcedureParameter", {
  name: optional(Type.String()),
  value: optional(Type.String()),
  type: optional(oneOf(["String", "Int", "Decimal", "Guid", "Boolean", "Date"])),
});
/** Part of the contract for artifacts that lie in a database; this service makes none. */
const SqlDataPath = model("SqlDataPath", {
  sqlTableName: optional(Type.String()),
  sqlQuery: optional(Type.String()),
  sqlStoredProcedureName: optional(Type.String()),
  sqlStoredProcedureParams: optional(Type.Array(StoredProcedureParameter)),
});

/** All the origins there are, in any case. */
export const ORIGINS = [
  "ExperimentRun",
  "LocalUpload",
  "WebUpload",
  "Dataset",
  "ComputeRecord",
  "Metric",
  "Unknown",
] as const;
/** In an address. Of another origin there are no files, which is no fault of the request's form. */
export const originParam = Type.String({
  description: "ExperimentRun, LocalUpload, WebUpload, Dataset, ComputeRecord, Metric or Unknown.",
  "x-values": ORIGINS,
});

export const Artifact = model("Artifact", {
  artifactId: optional(Type.String({ description: "{origin}/{container}/{path}" })),
  origin: Type.String({
    description: "ExperimentRun, LocalUpload, WebUpload, Dataset, ComputeRecord, Metric or Unknown.",
  }),
  container: Type.String({ description: "The dataContainerId of the run." }),
  path: Type.String(),
  etag: optional(Type.String()),
  createdTime: optional(dateTime()),
  dataPath: optional(
    model("DataPath", {
      dataStoreName: optional(Type.String()),
      relativePath: optional(Type.String()),
      sqlDataPath: optional(SqlDataPath),
    }),
  ),
});
export type Artifact = Static<typeof Artifact>;

export const ArtifactContentInformation = model("ArtifactContentInformation", {
  contentUri: optional(Type.String({ description: "Fetched and written to without a token." })),
  origin: optional(Type.String()),
  container: optional(Type.String()),
  path: optional(Type.String()),
});
export type ArtifactContentInformation = Static<typeof ArtifactContentInformation>;

export const ArtifactPath = model("ArtifactPath", { path: Type.String() });
export const ArtifactPathList = model("ArtifactPathList", { paths: Type.Array(ArtifactPath) });
export const ArtifactIdList = model("ArtifactIdList", { artifactIds: Type.Array(Type.String()) });
export const ArtifactContainerSas = model("ArtifactContainerSas", {
  containerSas: Type.String({ description: "The signed query string of the container." }),
  containerUri: Type.String({ description: "The URL of the container." }),
  prefix: optional(Type.String({ description: "What the names of the blobs to take begin with." })),
  artifactPrefix: optional(
    Type.String({ description: "What the paths of the artifacts begin with in place of that." }),
  ),
});
export const BatchArtifactContentInformationResult = model("BatchArtifactContentInformationResult", {
  artifacts: optional(mapOf(Artifact)),
  artifactContentInformation: optional(mapOf(ArtifactContentInformation)),
  errors: optional(mapOf(ErrorResponse)),
});
