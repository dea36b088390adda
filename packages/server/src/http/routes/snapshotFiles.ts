// The files of a snapshot, listed and one by one.
import { malachite } from "@malachite/contract";
import { sendOpenFile } from "../content.ts";
import { pathOf, tokenOf } from "../continuation.ts";
import { given } from "../dto/run.ts";
import { route } from "../route.ts";

const FILES_IN_A_PAGE = 1000;

export const listSnapshotFiles = route(
  malachite.listSnapshotFiles,
  async ({ scope, params, query }, { flow }) => {
    const { prefix, continuationToken } = query;
    const after = continuationToken ? pathOf(continuationToken) : undefined;
    const { values, next } = await flow.snapshots.files(scope, params.snapshotId, {
      limit: FILES_IN_A_PAGE,
      ...given({ prefix, after }),
    });
    return {
      value: [...values],
      ...given({ continuationToken: next === undefined ? undefined : tokenOf(next) }),
    };
  },
);

/** A content never changes, so its hash is its version. */
export const readSnapshotFile = route(malachite.readSnapshotFile, async (ask, { flow }) => {
  const { scope, params, query } = ask;
  const file = await flow.snapshots.file(scope, params.snapshotId, query.path);
  const { path, sizeBytes, sha256 } = file;
  await sendOpenFile(ask, {
    info: { path, sizeBytes, etag: sha256 },
    read: (from, to) => flow.snapshots.read(file, from, to),
    [Symbol.asyncDispose]: async () => {},
  });
  return undefined;
});
