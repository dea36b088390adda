// Where the files of runs and logged models lie, as MLflow's artifact URIs and paths name it. Pure.

/** The scheme of files that go through the service. */
const PROXIED = "mlflow-artifacts:/";
const MODEL_CONTAINER = "mlflow-model.";
const RUN_CONTAINER = "dcid.";

export type ArtifactPlace = { readonly container: string; readonly path: string };

export const runPlace = (runId: string, path = ""): ArtifactPlace => ({
  container: `${RUN_CONTAINER}${runId}`,
  path,
});

/**
 * A model of a run lies among the run's files, so that the SDK sees it too; one of no run has a container of its own. The plug-in
 * takes a path for a folder when another path only begins with it: no name of a model may begin the folder's.
 */
export const modelPlace = (model: { readonly id: string; readonly sourceRunId?: string }): ArtifactPlace =>
  model.sourceRunId === undefined
    ? { container: `${MODEL_CONTAINER}${model.id}`, path: "" }
    : runPlace(model.sourceRunId, `logged_models/${model.id}`);

/** Whose files a container holds; undefined for a container that MLflow's clients do not reach. */
export function ownerOf(
  container: string,
): { readonly run: string } | { readonly model: string } | undefined {
  if (container.startsWith(RUN_CONTAINER)) return { run: container.slice(RUN_CONTAINER.length) };
  if (container.startsWith(MODEL_CONTAINER)) return { model: container.slice(MODEL_CONTAINER.length) };
  return undefined;
}

export const proxiedUri = ({ container, path }: ArtifactPlace): string =>
  path === "" ? `${PROXIED}${container}` : `${PROXIED}${container}/${path}`;

/** The place of a URI that the service gave out, in whichever of its two spellings; undefined for any other. */
export function placeOfUri(uri: string): ArtifactPlace | undefined {
  if (uri.startsWith(PROXIED)) return placeOfPath(uri.slice(PROXIED.length).replace(/^\/+/, ""));
  const plugin = /^azureml:\/\/.*\/runs\/([^/]+)\/artifacts(?:\/(.*))?$/s.exec(uri);
  return plugin ? runPlace(plugin[1] ?? "", trimmed(plugin[2] ?? "")) : undefined;
}

/** The container is the first part of a path, the rest is the path in it. */
export function placeOfPath(path: string): ArtifactPlace {
  const slash = path.indexOf("/");
  return slash < 0
    ? { container: path, path: "" }
    : { container: path.slice(0, slash), path: trimmed(path.slice(slash + 1)) };
}

const trimmed = (path: string): string => path.replace(/^\/+|\/+$/g, "");
