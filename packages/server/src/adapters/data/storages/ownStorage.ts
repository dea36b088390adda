// A container of the service's own blobs as a storage: the same files that clients see over the blob surface.

import { mkdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import type { BlobBucket, BlobInfo, BlobStore } from "@malachite/core";
import { hasCode, openFolderInside, segmentsOf } from "../../../files/index.ts";
import { type FileStorage, StorageTrouble, type StoredFile } from "../fileStorage.ts";
import { mountOfAzure } from "./azureStorage.ts";

const PAGE = 1000;

/** Where the container's blobs lie as plain files of this machine; or, where they do not, their signed address. */
type Where = { readonly folder: string } | { readonly address: (readOnly: boolean) => URL };

export function createOwnStorage(blobs: BlobStore, container: string, where: Where | undefined): FileStorage {
  const bucket: BlobBucket = { kind: "store", name: container };
  return {
    async find(path) {
      const info = await blobs.get({ bucket, path });
      return info && fileOf(info);
    },
    async *list(under, signal) {
      const prefix = under === "" ? "" : `${under}/`;
      for (let after: string | undefined, more = true; more; ) {
        signal.throwIfAborted();
        const page = await blobs.list(bucket, {
          prefix,
          limit: PAGE,
          ...(after === undefined ? {} : { after }),
        });
        for (const one of page.values) if ("path" in one) yield fileOf(one);
        const last = page.values.at(-1);
        after = last && ("path" in last ? last.path : last.folder);
        more = page.more && after !== undefined;
      }
    },
    async *read(file, from, signal) {
      await using open = await blobs.open({ bucket, path: file.path });
      if (!open) throw new StorageTrouble("gone", `${file.path} is not there any more`);
      if (open.info.etag !== file.version)
        throw new StorageTrouble("changed", `${file.path} was changed meanwhile`);
      for await (const chunk of open.read(from, open.info.sizeBytes)) {
        signal.throwIfAborted();
        yield chunk;
      }
    },
    async write(path, content, overwrite) {
      let there = false;
      const check = (found: BlobInfo | undefined): void => {
        if (found === undefined || overwrite) return;
        there = true;
        throw new StorageTrouble("refused", `${path} is there`);
      };
      try {
        await blobs.put({ bucket, path }, content.read(0, content.sizeBytes), {
          headers: {},
          metadata: {},
          writer: "run",
          digests: {},
          check,
        });
        return "sent";
      } catch (error) {
        if (there) return "there";
        throw error;
      }
    },
    ...(where === undefined
      ? {}
      : "folder" in where
        ? { local: (path, make) => localIn(where.folder, path, make) }
        : {
            remote: async (path, readOnly) => {
              const address = where.address(readOnly);
              return {
                ...mountOfAzure(address, container, address.search.slice(1), path),
                isService: true,
              };
            },
          }),
    [Symbol.asyncDispose]: async () => {},
  };
}

/** Where a path lies below the folder; `make`: as a folder, when there is nothing. */
async function localIn(
  folder: string,
  path: string,
  make: boolean,
): Promise<{ readonly source: string; readonly file?: string }> {
  // Links inside lead nowhere: each part is opened as what it is.
  const segments = path === "" ? [] : segmentsOf(path);
  const at = join(folder, ...segments);
  const found = await stat(at).catch((error: unknown) => {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  });
  if (found?.isFile()) {
    await using _ = await openFolderInside(folder, segments.slice(0, -1), { make: false });
    return { source: at, file: basename(at) };
  }
  if (make) await mkdir(folder, { recursive: true });
  await using _ = await openFolderInside(folder, segments, { make });
  return { source: at };
}

const fileOf = ({ path, sizeBytes, changedAt, etag, headers }: BlobInfo): StoredFile => ({
  path,
  sizeBytes,
  changedAt,
  version: etag,
  md5: headers.contentMd5,
});
