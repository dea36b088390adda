// Artifacts of what lies in the service already: blobs of one of its storage containers, or a file that is an artifact.
import { artifact } from "@malachite/contract";
import { bucketOfBlob, type Flow, MalachiteError } from "@malachite/core";
import { type Place, placeOf } from "../artifactPlace.ts";
import { artifactDto } from "../dto/artifact.ts";
import { filePage } from "../filePage.ts";
import { route } from "../route.ts";

const BLOBS_AT_ONCE = 500;

/** Copies the blobs: what becomes of them later is not the artifacts' concern. The signature alone says whose container it is. */
export const ingestArtifacts = route(
  artifact.ingestArtifacts,
  async ({ scope, params, body }, { flow, auth }) => {
    await flow.allowWorkspace(scope);
    const place = placeOf(scope, params);
    const { containerSas, containerUri, prefix = "", artifactPrefix = "" } = await body();
    const container = containerOf(containerUri);
    // A signature for a folder is one for what is below it: a prefix that is its very name has neighbours.
    const granted = auth.blobs.check(new URLSearchParams(containerSas.replace(/^\?/, "")), {
      container,
      blob: prefix.slice(0, Math.max(0, prefix.lastIndexOf("/"))),
    });
    for (const needed of ["r", "l"]) {
      if (!granted.permissions.has(needed)) {
        throw new MalachiteError("LinkTooNarrow", `The signature does not allow '${needed}'.`, {
          target: "containerSas",
        });
      }
    }
    const from = bucketOfBlob(container, prefix);
    if (!from) throw new MalachiteError("BlobNotFound", "No blob has such a name.", { target: "prefix" });
    await copyAll(flow, from, place, artifactPrefix);
    return filePage(flow, place, { path: artifactPrefix });
  },
);

function containerOf(uri: string): string {
  const name = URL.canParse(uri)
    ? new URL(uri).pathname.split("/").findLast((part) => part !== "")
    : undefined;
  // Names of storage containers are plain: one that is encoded is none.
  if (name !== undefined && !name.includes("%")) return name;
  throw new MalachiteError("InvalidRequest", "containerUri must be the URL of a storage container.", {
    target: "containerUri",
  });
}

async function copyAll(
  { blobs, putFile }: Pick<Flow, "blobs" | "putFile">,
  from: NonNullable<ReturnType<typeof bucketOfBlob>>,
  to: Place,
  artifactPrefix: string,
): Promise<void> {
  let after: string | undefined;
  do {
    const page = await blobs.list(from.bucket, {
      prefix: from.path,
      limit: BLOBS_AT_ONCE,
      ...(after === undefined ? {} : { after }),
    });
    after = undefined;
    for (const blob of page.values) {
      if ("folder" in blob) continue;
      after = blob.path;
      await using open = await blobs.open({ bucket: from.bucket, path: blob.path });
      // Removed since it was listed.
      if (!open) continue;
      const path = `${artifactPrefix}${blob.path.slice(from.path.length)}`.replace(/^\/+/, "");
      const bytes = open.read(0, open.info.sizeBytes);
      await putFile(to.at, path, bytes, { append: false, overwrite: true });
    }
    if (!page.more) after = undefined;
  } while (after !== undefined);
}

const OWN_STORE = "workspaceartifactstore";

/** The artifact that the data path names must be the one that is registered: nothing here points into another store. */
export const registerArtifact = route(artifact.registerArtifact, async ({ scope, body }, { flow }) => {
  const { path, dataPath, ...named } = await body();
  const place = placeOf(scope, named);
  const store = dataPath?.dataStoreName ?? OWN_STORE;
  const relative = dataPath?.relativePath ?? `${place.origin}/${place.container}/${path}`;
  if (store !== OWN_STORE || relative !== `${place.origin}/${place.container}/${path}`) {
    throw new MalachiteError(
      "UnsupportedOperation",
      `An artifact's content lies in '${OWN_STORE}' under its own path; '${relative.slice(0, 200)}' of '${store.slice(0, 100)}' cannot be one. Upload it as an artifact.`,
      { target: "dataPath" },
    );
  }
  return artifactDto(place, await flow.fileInfo(place.at, path));
});
