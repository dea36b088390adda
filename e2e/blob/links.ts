// Links to write artifacts, for tests that speak plain HTTP.
import { type Service, workspacePath } from "../support/service.ts";

type Batch = { readonly artifactContentInformation: Record<string, { readonly contentUri: string }> };

/** What stands before the @ of a link, and what no other storage can be called. */
export const ACCOUNT = "malachite-service.blob.x";

/** In the order of the paths. */
export async function linksTo(
  service: Service,
  container: string,
  paths: readonly string[],
): Promise<string[]> {
  const made = await service.json<Batch>(
    "POST",
    `/artifact/v2.0${workspacePath}/artifacts/ExperimentRun/${container}/batch/metadata`,
    { paths: paths.map((path) => ({ path })) },
  );
  return paths.map((path) =>
    (made.artifactContentInformation[path]?.contentUri ?? "").replace(`https://${ACCOUNT}@`, "http://"),
  );
}
