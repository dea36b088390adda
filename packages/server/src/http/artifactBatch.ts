// Many artifacts at once: each path or id gets its answer or the reason why it gets none, under the key it was sent as.
import type { artifact } from "@malachite/contract";
import {
  artifactPath,
  checkProjectPath,
  type Flow,
  isMalachiteError,
  MalachiteError,
  type Scope,
} from "@malachite/core";
import { type LinkTo, writeLink } from "./artifactLinks.ts";
import { type Place, partsOfId, placeOf } from "./artifactPlace.ts";
import { artifactDto, contentInformationDto } from "./dto/artifact.ts";
import type { Edge } from "./edge.ts";
import { httpError } from "./plugins/errors.ts";
import type { Ask } from "./route.ts";

type Asked = Pick<Ask<never>, "base" | "request">;
type Batch = {
  readonly artifacts: Record<string, artifact.Artifact>;
  readonly artifactContentInformation: Record<string, artifact.ArtifactContentInformation>;
  readonly errors: Record<string, ReturnType<typeof httpError>["body"]>;
};
type One = {
  readonly artifact: artifact.Artifact;
  readonly information: artifact.ArtifactContentInformation;
};

/** Answers that were asked for at the same time: each alone mostly waits for the disk. */
const AT_ONCE = 32;

async function batchOf(
  keys: readonly string[],
  { request }: Asked,
  { clock }: Pick<Edge, "clock">,
  answer: (key: string) => Promise<One> | One,
): Promise<Batch> {
  const found = new Map<string, One>();
  const errors = new Map<string, Batch["errors"][string]>();
  const one = async (key: string): Promise<void> => {
    try {
      found.set(key, await answer(key));
    } catch (error) {
      if (!isMalachiteError(error) || error.kind === "fault") throw error;
      errors.set(key, httpError(error, request.correlation, clock.now()).body);
    }
  };
  const distinct = [...new Set(keys)];
  for (let at = 0; at < distinct.length; at += AT_ONCE) {
    await Promise.all(distinct.slice(at, at + AT_ONCE).map(one));
  }
  return {
    artifacts: Object.fromEntries([...found].map(([key, { artifact }]) => [key, artifact])),
    artifactContentInformation: Object.fromEntries(
      [...found].map(([key, { information }]) => [key, information]),
    ),
    errors: Object.fromEntries(errors),
  };
}

/** Artifacts that are about to be written. */
export const newArtifacts = (
  ask: Asked,
  edge: Pick<Edge, "auth" | "clock">,
  place: Place,
  paths: readonly { readonly path: string }[],
): Promise<Batch> =>
  batchOf(
    paths.map(({ path }) => path),
    ask,
    edge,
    (sent) => {
      const made = newArtifact(edge, place, sent);
      const link = writeLink(edge, ask.base)(place, made.path);
      return { artifact: made, information: contentInformationDto(place, made.path, link) };
    },
  );

/** One that is announced: it is there once its content is. Throws BadPath. */
export function newArtifact({ clock }: Pick<Edge, "clock">, place: Place, sent: string): artifact.Artifact {
  const path = artifactPath(sent);
  const checked = checkProjectPath(path);
  if (checked.ok) return artifactDto(place, { path, createdAt: clock.now() });
  throw new MalachiteError("BadPath", `The path cannot be that of a file: ${checked.reason}`, {
    target: "path",
  });
}

/** Artifacts by their ids. */
export const artifactsById = (
  ask: Asked & { readonly scope: Scope },
  edge: Pick<Edge, "clock"> & { readonly flow: Pick<Flow, "fileInfo"> },
  ids: readonly string[],
  linkTo: LinkTo,
): Promise<Batch> =>
  batchOf(ids, ask, edge, async (id) => {
    const { path, ...named } = partsOfId(id);
    const place = placeOf(ask.scope, named);
    const file = await edge.flow.fileInfo(place.at, path);
    return {
      artifact: artifactDto(place, file),
      information: contentInformationDto(place, path, linkTo(place, path)),
    };
  });
