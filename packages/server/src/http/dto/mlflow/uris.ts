// Where a client of MLflow finds files: through the service, or by the plug-in's own way. Which of the two is seen from the request.
import { workspacePath } from "@malachite/contract";
import { type ArtifactPlace, ownerOf, proxiedUri, type Scope } from "@malachite/core";
import type { FastifyRequest } from "fastify";

/** The URI of a place; the experiment is part of the plug-in's form. */
export type Uris = (place: ArtifactPlace, experimentId: string) => string;

type Asked = { readonly request: FastifyRequest; readonly scope: Scope; readonly base: string };

/** The plug-in always calls v2.0 and names itself; it knows only files of runs. */
export function urisFor({ request, scope, base }: Asked): Uris {
  const isPlugin =
    /^\/+mlflow\/v2\.0\//i.test(request.url) && /azureml-mlflow/i.test(request.headers["user-agent"] ?? "");
  if (!isPlugin) return proxiedUri;
  const root = `azureml://${new URL(base).host}/mlflow/v2.0${placeOf(scope)}`;
  return (place, experimentId) => {
    const owner = ownerOf(place.container);
    if (owner === undefined || !("run" in owner)) return proxiedUri(place);
    const rest = place.path === "" ? "" : `/${place.path}`;
    return `${root}/experiments/${encodeURIComponent(experimentId)}/runs/${owner.run}/artifacts${rest}`;
  };
}

const placeOf = ({ subscriptionId, resourceGroup, workspace }: Scope): string =>
  workspacePath
    .replace("{subscriptionId}", () => encodeURIComponent(subscriptionId))
    .replace("{resourceGroupName}", () => encodeURIComponent(resourceGroup))
    .replace("{workspaceName}", () => encodeURIComponent(workspace));
