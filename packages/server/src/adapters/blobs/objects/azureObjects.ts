// A container of Azure Blob Storage, or of what speaks its protocol. The library is loaded when a service keeps its files there.
import { createHash } from "node:crypto";
import type { BlobItem, BlobPrefix, StorageSharedKeyCredential } from "@azure/storage-blob";
import { MalachiteError } from "@malachite/core";
import { azureIdentity } from "../../shared/azureIdentity.ts";
import { statusOf, wordOf } from "../../shared/foreignErrors.ts";
import { asking, by, headOf } from "./asking.ts";
import { delegationOf } from "./azureDelegation.ts";
import type { ObjectStorageKeys } from "./objectStorage.ts";
import { type Condition, type Listed, nameOf, type Objects } from "./objects.ts";
import { sendParts } from "./parts.ts";
import { DEFAULT_PATIENCE, type Patience } from "./patience.ts";
import { isMissing } from "./trouble.ts";

export type AzurePlace = {
  readonly account: string;
  readonly container: string;
  /** Keys below which everything lies; empty, or ending in a slash. */
  readonly prefix: string;
  /** The address of the account. Without one: Azure's own. */
  readonly endpoint?: string | undefined;
};

const MOST_PARTS = 50_000;
/** The version of links that are signed by a lent key: old enough for whatever speaks the protocol. */
const DELEGATED = "2020-12-06";
/** Without an answer. */
const SILENCE_MS = 60_000;
const REMOVED_AT_ONCE = 16;
/** Azure's largest page. */
const MOST_LISTED = 5000;
/** Places in lists that are remembered, so that the next page need not begin at the first name. */
const MARKERS = 500;

const storeFault = (text: string, isAway: boolean, cause: Error): MalachiteError =>
  isAway
    ? new MalachiteError("StorageAway", `${text}. Nothing is lost; ask again.`, { cause })
    : new MalachiteError("StorageFailed", `${text}.`, { cause });

const addressOf = (endpoint: string | undefined, account: string): string =>
  (endpoint ?? `https://${account}.blob.core.windows.net`).replace(/\/+$/, "");

/**
 * Without an account's key, its container is opened by a signature, with which no links can be signed; without that, by the identity of
 * this machine.
 */
export async function openAzureObjects(
  { account, container: name, prefix, endpoint }: AzurePlace,
  keys: ObjectStorageKeys,
  patience: Patience = DEFAULT_PATIENCE,
): Promise<Objects> {
  const library = await import("@azure/storage-blob");
  const { accountKey, sasToken } = keys;
  const address = `${addressOf(endpoint, account)}/${name}`;
  const shared =
    accountKey === undefined ? undefined : new library.StorageSharedKeyCredential(account, accountKey);
  const url =
    shared === undefined && sasToken !== undefined ? `${address}?${sasToken.replace(/^\?/, "")}` : address;
  const place = `azure://${account}/${name}/${prefix}`;
  const identity =
    accountKey === undefined && sasToken === undefined ? await azureIdentity(place, storeFault) : undefined;
  const pipeline = library.newPipeline(shared ?? identity ?? new library.AnonymousCredential(), {
    // Asked again by us, with a deadline of our own.
    retryOptions: { maxTries: 1, tryTimeoutInMs: SILENCE_MS },
    keepAliveOptions: { enable: true },
  });
  const client = new library.ContainerClient(url, pipeline);
  const delegated =
    identity && delegationOf(new library.BlobServiceClient(addressOf(endpoint, account), pipeline));
  const blobOf = (key: string) => client.getBlockBlobClient(prefix + key);
  const { failed, asked, askedFor, patientlyAsked } = asking(place, patience);
  const markers = new Markers();

  return {
    place,
    longestKeyBytes: 1024 - prefix.length,
    put: (key, bytes, { condition, signal }) =>
      asked("Writing to the object storage", signal, async () => {
        try {
          const md5 = createHash("md5").update(bytes).digest();
          const sent = await blobOf(key).upload(bytes, bytes.byteLength, {
            ...by(signal),
            conditions: conditionOf(condition),
            // Checked when it comes, and kept beside it.
            blobHTTPHeaders: { blobContentMD5: md5 },
          });
          return sent.etag ?? "";
        } catch (error) {
          const isRefused =
            statusOf(error) === 412 || (statusOf(error) === 409 && wordOf(error) === "BlobAlreadyExists");
          if (condition !== undefined && (isRefused || isMissing(error))) return undefined;
          throw error;
        }
      }),
    async putLarge(key, content, signal) {
      const again = <T>(work: () => Promise<T>) =>
        patientlyAsked("Writing to the object storage", signal, work);
      const blob = blobOf(key);
      const { sent, md5 } = await sendParts(
        content,
        MOST_PARTS,
        async ({ index, bytes, md5 }) => {
          const id = Buffer.from(String(index).padStart(8, "0")).toString("base64");
          await again(() =>
            blob.stageBlock(id, bytes, bytes.byteLength, { ...by(signal), transactionalContentMD5: md5 }),
          );
          return id;
        },
        signal,
      );
      await again(() =>
        blob.commitBlockList([...sent], { ...by(signal), blobHTTPHeaders: { blobContentMD5: md5 } }),
      );
      return md5.toString("base64");
    },
    get: (key, signal) =>
      askedFor("Reading from the object storage", signal, async () => {
        const got = await blobOf(key).download(0, undefined, by(signal));
        const chunks: Uint8Array[] = [];
        for await (const chunk of got.readableStreamBody ?? []) chunks.push(chunk as Uint8Array);
        const { etag, changedAt } = headOf(key, undefined, got.etag, got.lastModified);
        return { bytes: Buffer.concat(chunks), etag, changedAt };
      }),
    async *read(key, from, to, signal) {
      if (from >= to) return;
      try {
        const got = await blobOf(key).download(from, to - from, by(signal));
        for await (const chunk of got.readableStreamBody ?? []) yield chunk as Uint8Array;
      } catch (error) {
        throw failed("Reading from the object storage", signal, error);
      }
    },
    head: (key, signal) =>
      askedFor("Looking into the object storage", signal, async () => {
        const got = await blobOf(key).getProperties(by(signal));
        return headOf(key, got.contentLength, got.etag, got.lastModified);
      }),
    async *list({ prefix: under, after, folders, pageSize, signal }) {
      // Azure goes on only from where an earlier list ended; what lies between that and `after` is passed over.
      const about = `${folders ? "/" : ""}${under}`;
      let token = after === undefined ? undefined : markers.before(about, after);
      const maxPageSize =
        after === undefined || token !== undefined ? Math.min(MOST_LISTED, pageSize) : MOST_LISTED;
      const ask = { prefix: prefix + under, ...by(signal) };
      do {
        const page = await asked("Listing the object storage", signal, async () => {
          const settings = { maxPageSize, ...(token === undefined ? {} : { continuationToken: token }) };
          return folders
            ? (await client.listBlobsByHierarchy("/", ask).byPage(settings).next()).value
            : (await client.listBlobsFlat(ask).byPage(settings).next()).value;
        });
        if (page === undefined) return;
        const { blobItems, blobPrefixes = [] } = page.segment as {
          readonly blobItems: readonly BlobItem[];
          readonly blobPrefixes?: readonly BlobPrefix[];
        };
        const found: Listed[] = blobItems.map(({ name, properties }) =>
          headOf(
            name.slice(prefix.length),
            properties.contentLength,
            properties.etag,
            properties.lastModified,
          ),
        );
        for (const folder of blobPrefixes) found.push({ folder: folder.name.slice(prefix.length) });
        if (folders) found.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
        token = page.continuationToken === "" ? undefined : page.continuationToken;
        const last = found.at(-1);
        if (token !== undefined && last !== undefined) markers.keep(about, nameOf(last), token);
        for (const one of found) if (after === undefined || nameOf(one) > after) yield one;
      } while (token !== undefined);
    },
    async remove(keys, signal) {
      const remove = (key: string) =>
        patientlyAsked("Removing from the object storage", signal, () =>
          blobOf(key).deleteIfExists(by(signal)),
        );
      for (let from = 0; from < keys.length; from += REMOVED_AT_ONCE)
        await Promise.all(keys.slice(from, from + REMOVED_AT_ONCE).map(remove));
    },
    removeVersion: (key, etag, signal) =>
      asked("Removing from the object storage", signal, async () => {
        try {
          await blobOf(key).delete({ ...by(signal), conditions: { ifMatch: etag } });
          return true;
        } catch (error) {
          if (isMissing(error)) return true;
          if (statusOf(error) === 412) return false;
          throw error;
        }
      }),
    // Azure drops blocks that nobody commits after a week by itself.
    sweepParts: async () => {},
    async link(key, until, { contentType, contentDisposition }) {
      const about = {
        containerName: name,
        blobName: prefix + key,
        permissions: library.BlobSASPermissions.parse("r"),
        expiresOn: new Date(until),
        ...(contentType === undefined ? {} : { contentType }),
        ...(contentDisposition === undefined ? {} : { contentDisposition }),
      };
      const lent = shared === undefined ? await delegated?.(until) : undefined;
      if (shared === undefined && lent === undefined) return undefined;
      const signature =
        lent === undefined
          ? library.generateBlobSASQueryParameters(about, shared as StorageSharedKeyCredential)
          : library.generateBlobSASQueryParameters({ ...about, version: DELEGATED }, lent, account);
      return `${blobOf(key).url}?${signature}`;
    },
    close: () => {},
  };
}

/** Where lists can go on, by what was listed: behind which name each place is. */
class Markers {
  readonly #known = new Map<string, { readonly name: string; readonly token: string }[]>();

  keep(about: string, name: string, token: string): void {
    if (this.#known.size > MARKERS) this.#known.clear();
    const known = this.#known.get(about) ?? [];
    this.#known.set(about, [...known.filter((one) => one.name !== name).slice(-MARKERS), { name, token }]);
  }

  /** The last place that is not behind `after`. */
  before(about: string, after: string): string | undefined {
    let best: { readonly name: string; readonly token: string } | undefined;
    for (const one of this.#known.get(about) ?? [])
      if (one.name <= after && (best === undefined || one.name > best.name)) best = one;
    return best?.token;
  }
}

const conditionOf = (condition: Condition | undefined) =>
  condition === undefined
    ? {}
    : "ifNone" in condition
      ? { ifNoneMatch: "*" }
      : { ifMatch: condition.ifMatch };
