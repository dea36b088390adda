// Files of runs and models by MLflow's ways. The same files as everywhere: what one client sends, every other one finds.
import { mlflow } from "@malachite/contract";
import {
  type ArtifactPlace,
  type Container,
  type Flow,
  MalachiteError,
  ownerOf,
  placeOfPath,
  runPlace,
  type Scope,
} from "@malachite/core";
import { plainLink } from "../../artifactLinks.ts";
import { sendFile } from "../../content.ts";
import { urisFor } from "../../dto/mlflow/uris.ts";
import { route } from "../../route.ts";
import { runIdOf } from "./runs.ts";

const PORTION = 500;
/** Behind every path of a folder, in the order of paths. */
const LAST = "\uffff";

/**
 * What is right below the path, folders once, paths relative to it. A folder is one look at the list, however much is in it. A path
 * that is a file has nothing below.
 */
export async function filesBelow(
  flow: Pick<Flow, "listFiles">,
  at: Container,
  path: string,
): Promise<mlflow.FileInfo[]> {
  const prefix = path === "" ? "" : `${path}/`;
  const found: mlflow.FileInfo[] = [];
  let after: string | undefined;
  for (;;) {
    const page = await flow.listFiles(at, {
      ...(prefix === "" ? {} : { prefix }),
      ...(after === undefined ? {} : { after }),
      limit: PORTION,
    });
    let folder: string | undefined;
    for (const file of page.values) {
      const rest = file.path.slice(prefix.length);
      const slash = rest.indexOf("/");
      if (slash < 0) {
        found.push({ path: rest, is_dir: false, file_size: file.sizeBytes });
        continue;
      }
      folder = rest.slice(0, slash);
      found.push({ path: folder, is_dir: true });
      break;
    }
    if (folder !== undefined) after = `${prefix}${folder}/${LAST}`;
    else if (page.next === undefined) return found;
    else after = page.next;
  }
}

export const listArtifacts = route(mlflow.listArtifacts, async (ask, { flow }) => {
  const { run } = await flow.tracking.run(ask.scope, runIdOf(ask.query));
  const path = plain(ask.query.path ?? "");
  const files = await filesBelow(flow, { scope: ask.scope, container: run.dataContainerId }, path);
  return {
    root_uri: urisFor(ask)(runPlace(run.id), run.experimentId),
    files: files.map((file) => ({ ...file, path: path === "" ? file.path : `${path}/${file.path}` })),
  };
});

const plain = (path: string): string => path.replace(/^\/+|\/+$/g, "");

/** The container and path of a request. Throws ArtifactNotFound for a container that holds no files of runs or models. */
function placeOf(scope: Scope, path: string): ArtifactPlace & { readonly at: Container } {
  const place = placeOfPath(plain(path));
  if (ownerOf(place.container) === undefined)
    throw new MalachiteError(
      "ArtifactNotFound",
      `'${place.container.slice(0, 100)}' holds no files of a run or a model. Paths begin with the last part of a run's artifact_uri.`,
      { target: "path" },
    );
  return { ...place, at: { scope, container: place.container } };
}

export const listProxiedArtifacts = route(mlflow.listProxiedArtifacts, async ({ scope, query }, { flow }) => {
  const { at, path } = placeOf(scope, query.path ?? "");
  return { files: await filesBelow(flow, at, path) };
});

export const downloadProxiedArtifact = route(mlflow.downloadProxiedArtifact, async (ask, { flow }) => {
  const { at, path } = placeOf(ask.scope, ask.params.artifactPath);
  await sendFile(ask, flow, at, path);
  return undefined;
});

export const uploadProxiedArtifact = route(mlflow.uploadProxiedArtifact, async (ask, { flow }) => {
  const { at, path } = placeOf(ask.scope, ask.params.artifactPath);
  await flow.tracking.mayChangeFiles(ask.scope, at.container, ask.by);
  await flow.putFile(at, path, ask.bytes(), { append: false, overwrite: true });
  return {};
});

export const deleteProxiedArtifact = route(mlflow.deleteProxiedArtifact, async (ask, { flow }) => {
  const { at, path } = placeOf(ask.scope, ask.params.artifactPath);
  await flow.tracking.mayChangeFiles(ask.scope, at.container, ask.by);
  if (path !== "") await flow.removeFile(at, path);
  const prefix = path === "" ? "" : `${path}/`;
  let after: string | undefined;
  do {
    const page = await flow.listFiles(at, {
      prefix,
      ...(after === undefined ? {} : { after }),
      limit: PORTION,
    });
    for (const file of page.values) if (!file.live) await flow.removeFile(at, file.path);
    after = page.next;
  } while (after !== undefined);
  return {};
});

/** The words by which clients know that they are to send the file in one piece. */
const refuseMultipart = async (): Promise<never> => {
  throw new MalachiteError(
    "NotOffered",
    "Multipart upload is not supported for the current artifact repository: files of any size are sent in one piece.",
  );
};
export const createMultipartUpload = route(mlflow.createMultipartUpload, refuseMultipart);
export const completeMultipartUpload = route(mlflow.completeMultipartUpload, refuseMultipart);
export const abortMultipartUpload = route(mlflow.abortMultipartUpload, refuseMultipart);

export const presignArtifact = route(mlflow.presignArtifact, async (ask, edge) => {
  const { at, path, container } = placeOf(ask.scope, ask.params.artifactPath);
  const info = await edge.flow.fileInfo(at, path);
  const url = plainLink(edge, ask.base)({ origin: "ExperimentRun", container, at }, info.path);
  return { url, headers: [], file_size: info.sizeBytes };
});
