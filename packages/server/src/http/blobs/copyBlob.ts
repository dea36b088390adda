// Copy Blob: another blob of this service becomes the bytes of this one. Done when it is answered.
import { randomUUID } from "node:crypto";
import { bucketOfBlob, MalachiteError } from "@malachite/core";
import { versionHeaders } from "./blobAnswer.ts";
import {
  addressOf,
  type BlobRequest,
  demand,
  factsOf,
  invalid,
  mayReplace,
  metadataOf,
  nameOfBlob,
} from "./blobRequest.ts";
import { writeCondition } from "./conditions.ts";

/** Copy Blob, and Copy Blob From URL. The source is named by a signed link of this service's; no other address is asked. */
export async function copyBlob(ask: BlobRequest): Promise<void> {
  demand(ask, "w", "c");
  const at = addressOf(ask);
  const text = ask.header("x-ms-copy-source") ?? "";
  if (!URL.canParse(text)) throw invalid("InvalidHeaderValue", "x-ms-copy-source must be a URL.");
  const source = new URL(text);
  const { container, blob } = nameOfBlob(source.pathname);
  const { permissions } = ask.edge.auth.blobs.check(source.searchParams, { container, blob });
  const from = permissions.has("r") ? bucketOfBlob(container, blob) : undefined;
  if (!permissions.has("r"))
    throw new MalachiteError("LinkTooNarrow", "The link of x-ms-copy-source does not allow to read.");
  await using open = from === undefined ? undefined : await ask.edge.flow.blobs.open(from);
  if (open === undefined)
    throw new MalachiteError("BlobNotFound", "There is no blob at the address of x-ms-copy-source.");
  const metadata = metadataOf(ask.request);
  const { headers } = factsOf(ask, { plain: false });
  const made = await ask.edge.flow.blobs.put(at, open.read(0, open.info.sizeBytes), {
    headers: { ...open.info.headers, ...headers },
    metadata: Object.keys(metadata).length > 0 ? metadata : open.info.metadata,
    writer: ask.granted.writer,
    digests: {},
    check: (there) => {
      mayReplace(ask, there);
      writeCondition(ask, there, true);
    },
  });
  ask.reply
    .code(202)
    .headers({ ...versionHeaders(made), "x-ms-copy-id": randomUUID(), "x-ms-copy-status": "success" })
    .send();
}
