// Puts the texts of the example into a container of an Azure server, with the storage's own request signing.
import { createHmac } from "node:crypto";
import type { AzureServer } from "@malachite/server/conformance";

/** Makes the container and the two blobs below `texts/`. */
export async function putTexts(azure: AzureServer, container: string): Promise<void> {
  await send(azure, "PUT", `${container}?restype=container`, "");
  for (const [path, text] of [
    ["texts/one.txt", "the cat and the dog\n"],
    ["texts/more/two.txt", "the owl\n"],
  ] as const)
    await send(azure, "PUT", `${container}/${path}`, text);
}

/** The bytes of a blob. */
export const signedGet = async (azure: AzureServer, path: string): Promise<ArrayBuffer> =>
  (await send(azure, "GET", path, "")).arrayBuffer();

async function send(
  { account, key, endpoint }: AzureServer,
  method: string,
  path: string,
  body: string,
): Promise<Response> {
  const date = new Date().toUTCString();
  const [place = "", query = ""] = path.split("?");
  const blob = body === "" ? "" : "x-ms-blob-type:BlockBlob\n";
  const type = body === "" ? "" : "text/plain";
  const resource = `/${account}/${account}/${place}${query === "" ? "" : "\nrestype:container"}`;
  const text = `${method}\n\n\n${body === "" ? "" : Buffer.byteLength(body)}\n\n${type}\n\n\n\n\n\n\n${blob}x-ms-date:${date}\nx-ms-version:2021-08-06\n${resource}`;
  const signature = createHmac("sha256", Buffer.from(key, "base64")).update(text, "utf8").digest("base64");
  const answer = await fetch(`${endpoint}/${path}`, {
    method,
    headers: {
      "x-ms-date": date,
      "x-ms-version": "2021-08-06",
      ...(blob === "" ? {} : { "x-ms-blob-type": "BlockBlob", "content-type": type }),
      authorization: `SharedKey ${account}:${signature}`,
    },
    ...(body === "" ? {} : { body }),
  });
  if (!answer.ok) throw new Error(`${method} ${path} answers ${answer.status}: ${await answer.text()}`);
  return answer;
}
