// The artifact service: files of a container, listed, described, sent, taken and removed. Each operation has two addresses, one with
// the path in the query and one with the path in the URL.
import { artifact } from "@malachite/contract";
import { type Container, MalachiteError, workspaceKey } from "@malachite/core";
import { fileAt, type Place, placeOf } from "../artifactPlace.ts";
import { sendFile } from "../content.ts";
import { artifactDto } from "../dto/artifact.ts";
import type { Edge } from "../edge.ts";
import { filePage } from "../filePage.ts";
import { type Ask, route } from "../route.ts";

export const listArtifacts = route(artifact.listArtifacts, ({ scope, params, query }, { flow }) =>
  filePage(flow, placeOf(scope, params), query),
);
export const listArtifactsByPath = route(artifact.listArtifactsByPath, ({ scope, params, query }, { flow }) =>
  filePage(flow, placeOf(scope, params), { ...query, path: params.path }),
);

export const getArtifact = route(artifact.getArtifact, ({ scope, params, query }, edge) =>
  describe(placeOf(scope, params), query.path, edge),
);
export const getArtifactByPath = route(artifact.getArtifactByPath, ({ scope, params, sentRest }, edge) =>
  describe(placeOf(scope, params), params.path, edge, sentRest),
);
const describe = async (place: Place, path: string, { flow }: Edge, sentRest = path) =>
  artifactDto(place, await fileAt(flow, place, path, sentRest));

export const deleteArtifact = route(artifact.deleteArtifact, async ({ scope, params, query }, { flow }) => {
  await flow.removeFile(placeOf(scope, params).at, query.path);
  return undefined;
});
export const deleteArtifactByPath = route(
  artifact.deleteArtifactByPath,
  async ({ scope, params }, { flow }) => {
    await flow.removeFile(placeOf(scope, params).at, params.path);
    return undefined;
  },
);
export const deleteArtifacts = route(artifact.deleteArtifacts, async ({ scope, params, body }, { flow }) => {
  const { at } = placeOf(scope, params);
  for (const { path } of (await body()).paths) await flow.removeFile(at, path);
  return undefined;
});
export const deleteArtifactsInContainer = route(
  artifact.deleteArtifactsInContainer,
  async ({ scope, params }, { flow }) => {
    const { at } = placeOf(scope, params);
    let after: string | undefined;
    do {
      const { values, next } = await flow.listFiles(at, {
        limit: 500,
        ...(after === undefined ? {} : { after }),
      });
      for (const { path } of values) await flow.removeFile(at, path);
      after = next;
    } while (after !== undefined);
    return undefined;
  },
);

export const downloadArtifact = route(artifact.downloadArtifact, async (ask, { flow }) => {
  await sendFile(ask, flow, placeOf(ask.scope, ask.params).at, ask.query.path);
  return undefined;
});
export const downloadArtifactByPath = route(artifact.downloadArtifactByPath, async (ask, { flow }) => {
  const place = placeOf(ask.scope, ask.params);
  const { path } = await fileAt(flow, place, ask.params.path, ask.sentRest);
  await sendFile(ask, flow, place.at, path);
  return undefined;
});

export const uploadArtifact = route(artifact.uploadArtifact, (ask, edge) =>
  upload(ask, edge, ask.query.path),
);
export const uploadArtifactByPath = route(artifact.uploadArtifactByPath, (ask, edge) =>
  upload(ask, edge, ask.params.path),
);

type UploadAsk = Pick<Ask<typeof artifact.uploadArtifact>, "scope" | "params" | "bytes" | "request"> & {
  readonly query: Omit<Ask<typeof artifact.uploadArtifact>["query"], "path">;
};

async function upload(
  { scope, params, query, bytes, request }: UploadAsk,
  { flow, turns }: Edge,
  path: string,
): Promise<artifact.Artifact> {
  const place = placeOf(scope, params);
  const { at } = place;
  const { index } = query;
  const append = query.append === true;
  if (index !== undefined && index > 0 && !append) {
    throw new MalachiteError(
      "InvalidRequest",
      "A piece that is not the first (index above 0) must be sent with append=true.",
      { target: "index" },
    );
  }
  const put = () => flow.putFile(at, path, bytes(), { append, overwrite: query.allowOverwrite === true });
  if (!append) return artifactDto(place, await put());
  const file = await turns(JSON.stringify([workspaceKey(scope), at.container, path]), async () => {
    const begins = appendPosition(request.headers[APPEND_POSITION]) ?? index;
    if (begins !== undefined) await checkPlace(flow, at, path, begins);
    return put();
  });
  return artifactDto(place, file);
}

/** How writers of Azure's append blobs say where a piece begins; it wins over `index`. */
const APPEND_POSITION = "x-ms-blob-condition-appendpos";

function appendPosition(header: string | string[] | undefined): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,15}$/.test(String(header))) return Number(header);
  throw new MalachiteError("InvalidRequest", `${APPEND_POSITION} must be a byte offset.`, {
    target: APPEND_POSITION,
  });
}

/** A piece that was sent before, and whose answer was lost, must not be added twice. */
async function checkPlace(
  flow: Parameters<typeof filePage>[0],
  at: Container,
  path: string,
  index: number,
): Promise<void> {
  const size = await flow.fileInfo(at, path).then(
    (info) => info.sizeBytes,
    (error: unknown) => {
      if (error instanceof MalachiteError && error.code === "ArtifactNotFound") return 0;
      throw error;
    },
  );
  if (size === index) return;
  throw new MalachiteError(
    "ArtifactExists",
    `The piece begins at byte ${index}, but '${path}' is ${size} bytes long. Go on from there.`,
    {
      target: "index",
      details: [{ code: "SizeBytes", target: "index", message: String(size) }],
    },
  );
}
