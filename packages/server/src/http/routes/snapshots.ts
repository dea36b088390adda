// Projects by content: only what the service lacks is sent.
import { rm } from "node:fs/promises";
import { malachite } from "@malachite/contract";
import { sendZip } from "../content.ts";
import { route } from "../route.ts";

export const offerSnapshot = route(malachite.offerSnapshot, async ({ scope, body }, { flow }) => {
  const offer = await flow.snapshots.offer(scope, (await body()).files);
  return "snapshot" in offer
    ? { snapshotId: offer.snapshot.id, missing: [] }
    : { missing: [...offer.missing] };
});

export const findSnapshot = route(malachite.findSnapshot, async ({ scope, params }, { flow }) => {
  const snapshot = await flow.snapshots.byTree(scope, params.treeHash);
  return { snapshotId: snapshot.id, missing: [] };
});

export const sendContents = route(
  malachite.sendContents,
  async ({ scope, bytes }, { flow, spool, settings }) => {
    const zip = await spool(bytes(), settings.uploadsFolder);
    try {
      return { kept: await flow.snapshots.keepContents(scope, zip) };
    } finally {
      await rm(zip.file, { force: true });
    }
  },
);

export const downloadSnapshot = route(
  malachite.downloadSnapshot,
  async ({ scope, params, reply }, { flow }) => {
    const zip = await flow.snapshots.zip(scope, params.snapshotId);
    return sendZip(reply, `${params.snapshotId}.zip`, zip);
  },
);
