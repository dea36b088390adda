// The content service: snapshots as the v1 SDK makes and fetches them.
import { rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import { content, malachite } from "@malachite/contract";
import { MalachiteError, SNAPSHOT_UPLOADS } from "@malachite/core";
import type { FastifyReply } from "fastify";
import { sendZip } from "../content.ts";
import type { Edge } from "../edge.ts";
import { atMost } from "../plugins/atMost.ts";
import { readSnapshotForm } from "../plugins/snapshotForm.ts";
import { route } from "../route.ts";

/** How clients write that there is no snapshot. */
const NOTHING = "00000000-0000-0000-0000-000000000000";
/** Clients send at least so many files at once when more are to follow; a smaller form is the last one. */
const PART_FILES = 200;
/** Some milliseconds of signing. */
const LINKS_AT_ONCE = 200;

export const getLatestSnapshot = route(content.getLatestSnapshot, async ({ scope, reply }, { flow }) => {
  const metadata = await flow.snapshots.latestMetadata(scope);
  if (metadata === undefined) return { id: NOTHING, root: {} } as never;
  return sendJson(reply, metadata);
});

export const getSnapshotMetadata = route(
  content.getSnapshotMetadata,
  async ({ scope, params, reply }, { flow }) =>
    sendJson(reply, await flow.snapshots.metadata(scope, params.snapshotId)),
);

export const getSnapshotBlobs = route(
  content.getSnapshotBlobs,
  async ({ scope, base, reply, body }, { flow, auth }) => {
    const { fileNames } = await body();
    await flow.allowWorkspace(scope);
    const linkFor = () =>
      auth.blobs.link(base, {
        container: SNAPSHOT_UPLOADS,
        blob: flow.snapshots.uploadName(scope),
        permissions: "rcw",
      });
    return sendJson(reply, fileNodes(fileNames, linkFor));
  },
);

/** Signs while it is sent, some at a time, since a project may have a hundred thousand files. */
async function* fileNodes(names: readonly string[], linkFor: () => string): AsyncGenerator<Uint8Array> {
  yield Buffer.from('{"fileNodes":[');
  for (let at = 0; at < names.length; at += LINKS_AT_ONCE) {
    const nodes = names
      .slice(at, at + LINKS_AT_ONCE)
      .map((fullName) => JSON.stringify({ fullName, blobUri: linkFor() }));
    yield Buffer.from(`${at > 0 ? "," : ""}${nodes.join(",")}`);
    await nextTurn();
  }
  yield Buffer.from("]}");
}

export const createSnapshot = route(
  content.createSnapshot,
  async ({ scope, params, bytes }, { flow, auth, spool, settings }) => {
    const { file } = await spool(atMost(bytes(), settings.jsonLimitBytes), settings.uploadsFolder);
    try {
      const { about, sent } = await flow.snapshots.readBody(file);
      const blobs: { name: string; blob: string; sizeBytes?: number }[] = [];
      for (const [i, { link, ...one }] of sent.entries()) {
        if (i % LINKS_AT_ONCE === 0) await nextTurn();
        blobs.push({ ...one, blob: sentTo(link, one.name, auth) });
      }
      await flow.snapshots.keepSent(scope, { id: params.snapshotId, body: file, about, sent: blobs });
      return { id: params.snapshotId };
    } finally {
      await rm(file, { force: true });
    }
  },
);

/** The blob that a link of ours is for. Throws ContentMismatch naming the file. */
function sentTo(link: string, name: string, { blobs }: Edge["auth"]): string {
  try {
    const { pathname, searchParams } = new URL(link);
    const [, container = "", ...parts] = pathname.split("/");
    const blob = parts.map(decodeURIComponent).join("/");
    blobs.check(searchParams, { container, blob });
    if (container === SNAPSHOT_UPLOADS) return blob;
  } catch (cause) {
    if (!(cause instanceof MalachiteError || cause instanceof TypeError || cause instanceof URIError))
      throw cause;
  }
  throw new MalachiteError(
    "ContentMismatch",
    `The BlobUri of ${JSON.stringify(name.slice(0, 200))} is not a link that getblob gave, or it has ended. Ask for new links.`,
    { target: name.slice(0, 500) },
  );
}

export const createSnapshotOfFiles = route(
  content.createSnapshotOfFiles,
  async ({ scope, params, query, request }, { flow, spool, settings }) => {
    await using form = await readSnapshotForm(request, {
      spool,
      folder: settings.uploadsFolder,
      treeLimitBytes: settings.jsonLimitBytes,
    });
    const { tree, files, about } = form;
    const parent = parentOf(query.parentSnapshotId);
    const partial = files.length >= PART_FILES;
    await flow.snapshots.keep(scope, {
      id: params.snapshotId,
      about: { ...about, ...parent },
      tree,
      files,
      partial,
    });
    return { id: params.snapshotId };
  },
);

export const getSnapshotZip = route(
  content.getSnapshotZip,
  async ({ scope, params, base }, { flow, auth }) => {
    const { id } = await flow.snapshots.get(scope, params.snapshotId);
    return { zipSasUri: auth.links.signSnapshot(base, scope, id) };
  },
);

export const getSnapshotZipLink = route(
  content.getSnapshotZipLink,
  async ({ scope, params, base }, { flow, auth }) => {
    const { id } = await flow.snapshots.get(scope, params.snapshotId);
    return auth.links.signSnapshot(base, scope, id);
  },
);

export const findSnapshotByHash = route(content.findSnapshotByHash, async ({ scope, query }, { flow }) => {
  const { id } = await flow.snapshots.byTree(scope, query.hash.toLowerCase());
  return { name: id, version: "1" };
});

export const signedSnapshot = route(
  malachite.signedSnapshot,
  async ({ scope, params, query, reply }, { flow, auth }) => {
    if (!auth.links.verifySnapshot(scope, params.snapshotId, query))
      throw new MalachiteError("NotAllowed", "The link is not valid or has ended. Ask for a new one.", {
        target: "sig",
      });
    const zip = await flow.snapshots.zip(scope, params.snapshotId);
    return sendZip(reply, `${params.snapshotId}.zip`, zip);
  },
);

/** JSON that is made while it is sent: a tree may have a million nodes. */
function sendJson(reply: FastifyReply, pieces: AsyncIterable<Uint8Array>): undefined {
  reply.type("application/json; charset=utf-8").send(Readable.from(pieces, { objectMode: false }));
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function parentOf(id: string | undefined): { readonly parentId?: string } {
  if (id === undefined || id === "" || id === NOTHING) return {};
  if (UUID.test(id)) return { parentId: id.toLowerCase() };
  throw new MalachiteError("InvalidRequest", "parentSnapshotId is not a UUID.", {
    target: "parentSnapshotId",
  });
}
