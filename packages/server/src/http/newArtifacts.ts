// Artifacts that are about to be written: each path gets a link to write its content to, or the reason why it gets none.
import type { artifact } from "@malachite/contract";
import { artifactBlob, checkProjectPath, containerOf, MalachiteError, type Scope } from "@malachite/core";
import { newArtifactDto } from "./dto/artifact.ts";
import type { Edge } from "./edge.ts";
import { httpError } from "./plugins/errors.ts";
import type { Ask } from "./route.ts";

type Place = { readonly scope: Scope; readonly origin: string; readonly container: string };
type Batch = {
  artifacts: Record<string, artifact.Artifact>;
  artifactContentInformation: Record<string, artifact.ArtifactContentInformation>;
  errors: Record<string, ReturnType<typeof httpError>["body"]>;
};

/** To write in one go, in blocks or piece by piece, and to look at what was written. */
const TO_WRITE = "racw";

/** Keyed by the paths exactly as they were sent: clients look them up so. */
export function newArtifacts(
  { base, request }: Pick<Ask<never>, "base" | "request">,
  { auth, clock }: Pick<Edge, "auth" | "clock">,
  { scope, origin, container }: Place,
  paths: readonly { readonly path: string }[],
): Batch {
  const batch = { artifacts: new Map(), artifactContentInformation: new Map(), errors: new Map() };
  const at = containerOf(scope, origin, container);
  for (const { path } of paths) {
    const checked = checkProjectPath(path);
    if (!checked.ok) {
      const error = new MalachiteError("BadPath", `The path cannot be that of a file: ${checked.reason}`, {
        target: "path",
      });
      batch.errors.set(path, httpError(error, request.correlation, clock.now()).body);
      continue;
    }
    const contentUri = auth.blobs.link(base, { ...artifactBlob(at, path), permissions: TO_WRITE });
    batch.artifacts.set(path, newArtifactDto(origin, container, path, clock.now()));
    batch.artifactContentInformation.set(path, { contentUri, origin, container, path });
  }
  return {
    artifacts: Object.fromEntries(batch.artifacts),
    artifactContentInformation: Object.fromEntries(batch.artifactContentInformation),
    errors: Object.fromEntries(batch.errors),
  };
}
