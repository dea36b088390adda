// The artifact service: files of a container, listed, described, sent and taken.
import { artifact } from "@malachite/contract";
import { type Container, MalachiteError, type Scope, workspaceKey } from "@malachite/core";
import { sendFile } from "../content.ts";
import { artifactDto, contentInformationDto, ORIGIN } from "../dto/artifact.ts";
import { filePage, linkPage } from "../filePage.ts";
import { newArtifacts } from "../newArtifacts.ts";
import { route } from "../route.ts";

/** This service keeps files of runs alone. */
function containerOf(
  scope: Scope,
  params: { readonly origin: string; readonly container: string },
): Container {
  if (params.origin.toLowerCase() === ORIGIN.toLowerCase()) return { scope, container: params.container };
  throw new MalachiteError(
    "ArtifactNotFound",
    `There are no files of the origin '${params.origin.slice(0, 100)}' here. The origin of a run's files is ${ORIGIN}.`,
    {
      target: "origin",
    },
  );
}

export const listArtifacts = route(artifact.listArtifacts, ({ scope, params, query }, { flow }) =>
  filePage(flow, containerOf(scope, params), query),
);

export const getArtifact = route(artifact.getArtifact, async ({ scope, params, query }, { flow }) => {
  const at = containerOf(scope, params);
  return artifactDto(at.container, await flow.fileInfo(at, query.path));
});

export const deleteArtifact = route(artifact.deleteArtifact, async ({ scope, params, query }, { flow }) => {
  await flow.removeFile(containerOf(scope, params), query.path);
  return undefined;
});

export const downloadArtifact = route(artifact.downloadArtifact, async (ask, { flow }) => {
  await sendFile(ask, flow, containerOf(ask.scope, ask.params), ask.query.path);
  return undefined;
});

export const getArtifactContentInformation = route(
  artifact.getArtifactContentInformation,
  async ({ scope, params, query, base }, { flow, auth }) => {
    const at = containerOf(scope, params);
    const { path } = await flow.fileInfo(at, query.path);
    return contentInformationDto(at.container, path, auth.links.sign(base, at, path));
  },
);

export const listArtifactContentInformation = route(
  artifact.listArtifactContentInformation,
  ({ scope, params, query, base }, edge) => linkPage(edge, containerOf(scope, params), query, base),
);

export const uploadArtifact = route(
  artifact.uploadArtifact,
  async ({ scope, params, query, bytes, request }, { flow, turns }) => {
    const at = containerOf(scope, params);
    const { path, index } = query;
    const append = query.append === true;
    if (index !== undefined && index > 0 && !append) {
      throw new MalachiteError(
        "InvalidRequest",
        "A piece that is not the first (index above 0) must be sent with append=true.",
        { target: "index" },
      );
    }
    const put = () => flow.putFile(at, path, bytes(), { append, overwrite: query.allowOverwrite === true });
    if (!append) return artifactDto(at.container, await put());
    const file = await turns(JSON.stringify([workspaceKey(scope), at.container, path]), async () => {
      const begins = appendPosition(request.headers[APPEND_POSITION]) ?? index;
      if (begins !== undefined) await checkPlace(flow, at, path, begins);
      return put();
    });
    return artifactDto(at.container, file);
  },
);

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

export const createArtifacts = route(artifact.createArtifacts, async (ask, edge) => {
  const { scope, params } = ask;
  await edge.flow.allowWorkspace(scope);
  const { paths } = await ask.body();
  return newArtifacts(ask, edge, { scope, origin: params.origin, container: params.container }, paths);
});
