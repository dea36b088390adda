// A courier of a service whose runs bring no projects and no data, and the way by which machines ask for its parcels over HTTP.
import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Courier, isMalachiteError, type LaunchKey, MalachiteError } from "@malachite/core";
import { type AwayCourier, createCourier } from "../src/adapters/compute/courier/index.ts";
import { storedZip } from "../src/adapters/localbundle/storedZip.ts";
import { ENTRIES } from "../src/entries.ts";

/** `folder`: the service's own. */
export const courierIn = (folder: string): AwayCourier =>
  createCourier({
    folder: join(folder, "away"),
    placer: { placeFiles: async () => {} },
    snapshots: { files: async function* () {}, read: async function* () {} },
    writeZip: storedZip,
    files: ENTRIES.courier,
    agent: ENTRIES.agent,
  });

export type CourierServer = AsyncDisposable & { readonly url: string };

/** Only whoever has the token is answered. */
export async function serveCourier(courier: Courier, token: string): Promise<CourierServer> {
  const server = createServer((request, response) => {
    answer(courier, token, request, response).catch((error) => {
      const missing = isMalachiteError(error) && error.code === "ArtifactNotFound";
      const ended = isMalachiteError(error) && error.code === "LaunchEnded";
      if (!response.headersSent) response.statusCode = missing ? 404 : ended ? 409 : 400;
      response.end(String(error));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

async function answer(
  courier: Courier,
  token: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  assert.equal(request.headers.authorization, `Bearer ${token}`);
  const url = new URL(request.url ?? "", "http://x");
  const [, launchKey = "", what] = /\/launches\/([^/]+)\/(.+)$/.exec(url.pathname) ?? [];
  const node = Number(url.searchParams.get("node") ?? 0);
  const key = launchKey as LaunchKey;
  const send = (chunks: AsyncIterable<Uint8Array>) =>
    pipeline(Readable.from(chunks, { objectMode: false }), response);
  const missing = () => new MalachiteError("ArtifactNotFound", "There is no such launch.");
  if (what === "files" && request.method === "POST") {
    const value = await courier.take(key, request, node);
    response.end(JSON.stringify({ value }));
    return;
  }
  if (what === "meeting") {
    response.end(JSON.stringify({ value: await courier.meeting(key) }));
    return;
  }
  if (what === "files") {
    const lines = await courier.home(key, node);
    if (lines === undefined) throw missing();
    return send(lines);
  }
  const [, from = "0", last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "bytes=0-") ?? [];
  response.statusCode = 206;
  if (what === "parcel/listing") {
    await using file = await courier.listing(key);
    if (file === undefined) throw missing();
    const { sizeBytes } = await file.look();
    await send(file.read(Number(from), sizeBytes));
    return;
  }
  const content = await courier.content(key);
  if (content === undefined) throw missing();
  return send(content.read(Number(from), last ? Number(last) + 1 : content.sizeBytes));
}
