// A container of Azure Blob storage, or of what speaks its protocol. The library is loaded when the first run needs it.
import { createHash } from "node:crypto";
import { isIP } from "node:net";
import type { ContainerClient, StoragePipelineOptions } from "@azure/storage-blob";
import type { JsonObject } from "@malachite/core";
import { isMalachiteError, MalachiteError } from "@malachite/core";
import { azureIdentity } from "../../shared/azureIdentity.ts";
import { type Content, type FileStorage, StorageTrouble, type StoredFile } from "../fileStorage.ts";
import type { Guard } from "../guard.ts";
import type { MountSource } from "../mounts/rcloneMount.ts";
import { kindOf, troubleOf } from "../trouble.ts";

/** Up to here a file is sent at once; above, in blocks of this size, or larger where 50,000 of them would not do. */
const BLOCK_BYTES = 4 * 1024 * 1024;
const MOST_BLOCKS = 50_000;
const BLOCKS_AT_ONCE = 4;
/** The longest run ends sooner. */
const MOUNT_KEY_MS = 365 * 24 * 3600_000;
/** Beside the carrier's own patience, which is for bytes that are under way. */
const TRIES = 3;

type Words = Readonly<Record<string, string | undefined>>;

/** rclone takes the first part of an address's path for the container, but for those of Azurite at a number. Pure. */
export function faultOfAzureMount(section: JsonObject, identities: readonly string[]): string | undefined {
  const url = addressOf(section as Words);
  if (isOfIdentity(section as Words, identities))
    return "it is opened by the identity of the service's machine, whose signatures last for a week at most and may end before a run does";
  const hasAccount = url.pathname.split("/").length > 2;
  return hasAccount && isIP(url.hostname.replace(/^\[|\]$/g, "")) === 0
    ? `its address ${url.origin} holds the account in its path, which mounts cannot take unless the host is an IP address`
    : undefined;
}

/**
 * Whether the operator lets the identity of this machine open the account, at that very address: a token must go nowhere else, and its
 * readers are all users of the service. `identities`: names of accounts, or whole addresses of them.
 */
function isOfIdentity(words: Words, identities: readonly string[]): boolean {
  const { accountName = "", credentialType, credential, accountKey, sasToken } = words;
  if (!["", "None"].includes(credentialType ?? "") || credential || accountKey || sasToken) return false;
  const url = addressOf(words);
  const account = url.href.slice(0, url.href.lastIndexOf("/"));
  return (
    url.protocol === "https:" &&
    identities.some((one) =>
      one.includes("://")
        ? one.replace(/\/+$/, "") === account
        : one === accountName && account === `https://${one}.blob.core.windows.net`,
    )
  );
}

/** Whether the words of a datastore are enough to reach it; the reason in words if not. */
export function faultOfAzure(section: JsonObject, guard: Guard): string | undefined {
  const { credentialType } = section as Words;
  if (credentialType === "ClientCredentials")
    return "its key is that of a service principal, with which no token is fetched here. Register it with an account key or a SAS token.";
  try {
    return guard.faultOf(addressOf(section as Words));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** `{protocol}://{account}.blob.{endpoint}/{container}`; an endpoint that is a URL is the whole address of the account. */
function addressOf({ accountName = "", containerName = "", endpoint, protocol }: Words): URL {
  const whole = endpoint && /^https?:\/\//i.test(endpoint);
  const account = whole
    ? endpoint.replace(/\/+$/, "")
    : `${protocol || "https"}://${accountName}.blob.${endpoint || "core.windows.net"}`;
  const text = `${account}/${encodeURIComponent(containerName)}`;
  if (!URL.canParse(text)) throw new Error(`'${account}' is no address of a storage account.`);
  const url = new URL(text);
  // Clients of Azure's put a name in front of a host with a port; it means nothing.
  url.username = "";
  url.password = "";
  return url;
}

export async function openAzureStorage(
  section: JsonObject,
  called: string,
  guard: Guard,
  identities: readonly string[],
): Promise<FileStorage> {
  const library = await import("@azure/storage-blob");
  const { ContainerClient, StorageSharedKeyCredential, AnonymousCredential, newPipeline } = library;
  const words = section as Words;
  const url = addressOf(words);
  const fault = guard.faultOf(url);
  if (fault !== undefined)
    throw new MalachiteError("DataUnreachable", `The datastore '${called}' is not reached: ${fault}`);
  const { accountName = "", credentialType } = words;
  const secret = words.credential ?? (credentialType === "Sas" ? words.sasToken : words.accountKey);
  const sas = credentialType === "Sas" ? secret : undefined;
  if (sas) url.search = sas.replace(/^\?/, "");
  const credential =
    credentialType === "AccountKey" && secret
      ? new StorageSharedKeyCredential(accountName, secret)
      : isOfIdentity(words, identities)
        ? await azureIdentity(
            `the datastore ${called}`,
            (text, isAway, cause) => new StorageTrouble(isAway ? "again" : "refused", text, cause),
          )
        : new AnonymousCredential();
  const options: StoragePipelineOptions = {
    retryOptions: { maxTries: TRIES, retryDelayInMs: 250, maxRetryDelayInMs: 8000 },
    keepAliveOptions: { enable: true },
  };
  const pipeline = newPipeline(credential, options);
  const agent = url.protocol === "https:" ? guard.https : guard.http;
  pipeline.factories.push({
    create: (next) => ({
      sendRequest(request) {
        (request as { agent?: unknown }).agent = agent;
        return next.sendRequest(request);
      },
    }),
  });
  return {
    ...createAzureStorage(new ContainerClient(url.toString(), pipeline), called),
    remote: async (folder, readOnly) => {
      const { containerName = "" } = words;
      // The key of the account opens everything in it; a mount gets a signature for its container alone.
      const signature =
        credential instanceof StorageSharedKeyCredential
          ? library
              .generateBlobSASQueryParameters(
                {
                  containerName,
                  permissions: library.ContainerSASPermissions.parse(readOnly ? "rl" : "racwdl"),
                  expiresOn: new Date(Date.now() + MOUNT_KEY_MS),
                },
                credential,
              )
              .toString()
          : url.search.slice(1);
      return mountOfAzure(url, containerName, signature, folder);
    },
  };
}

/** How rclone reaches a folder of the container. Pure. */
export function mountOfAzure(container: URL, name: string, signature: string, folder: string): MountSource {
  const url = new URL(container);
  url.search = signature;
  return {
    root: [name, ...folder.split("/")].filter((part) => part !== ""),
    remote: {
      type: "azureblob",
      sas_url: url.toString(),
      // Names as they are, but for what cannot be a part of an address there.
      encoding: "Slash,BackSlash,Del,Ctl,InvalidUtf8",
    },
  };
}

function createAzureStorage(container: ContainerClient, called: string): FileStorage {
  const at = (path: string) => `${path} of the datastore ${called}`;
  const wrapped = async <T>(doing: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw isMalachiteError(error) ? error : troubleOf(doing, error);
    }
  };
  return {
    async find(path, signal) {
      try {
        const got = await container.getBlobClient(path).getProperties({ abortSignal: signal });
        return {
          path,
          sizeBytes: got.contentLength ?? 0,
          changedAt: got.lastModified?.getTime(),
          version: got.etag,
          md5: got.contentMD5 ? Buffer.from(got.contentMD5).toString("base64") : undefined,
        };
      } catch (error) {
        const trouble = troubleOf(`Looking for ${at(path)}`, error);
        // A container that is not there answers 404 too, and is no empty one.
        if (trouble instanceof StorageTrouble && trouble.kind === "gone" && !isContainerGone(error))
          return undefined;
        throw trouble;
      }
    },
    async *list(folder, signal) {
      const prefix = folder === "" ? undefined : `${folder}/`;
      const pages = container.listBlobsFlat({ abortSignal: signal, ...(prefix ? { prefix } : {}) });
      try {
        for await (const { name, properties } of pages)
          yield {
            path: name,
            sizeBytes: properties.contentLength ?? 0,
            changedAt: properties.lastModified?.getTime(),
            version: properties.etag,
            md5: properties.contentMD5 ? Buffer.from(properties.contentMD5).toString("base64") : undefined,
          } satisfies StoredFile;
      } catch (error) {
        throw troubleOf(`Listing the datastore ${called}`, error);
      }
    },
    async *read(file, from, signal) {
      const doing = `Reading ${at(file.path)}`;
      if (file.sizeBytes === 0) return;
      const answer = await wrapped(doing, () =>
        container.getBlobClient(file.path).download(from, undefined, {
          abortSignal: signal,
          ...(file.version === undefined ? {} : { conditions: { ifMatch: file.version } }),
        }),
      );
      try {
        for await (const chunk of answer.readableStreamBody ?? []) yield chunk as Uint8Array;
      } catch (error) {
        signal.throwIfAborted();
        throw troubleOf(doing, error);
      }
    },
    async write(path, content, overwrite, signal) {
      const doing = `Writing ${at(path)}`;
      const blob = container.getBlockBlobClient(path);
      const conditions = overwrite ? {} : { ifNoneMatch: "*" };
      try {
        if (content.sizeBytes <= BLOCK_BYTES) {
          const body = await collected(content.read(0, content.sizeBytes));
          const md5 = createHash("md5").update(body).digest();
          await blob.upload(body, body.byteLength, {
            abortSignal: signal,
            conditions,
            blobHTTPHeaders: { blobContentMD5: md5 },
          });
          return "sent";
        }
        if (!overwrite && (await blob.exists({ abortSignal: signal }))) return "there";
        const { ids, md5 } = await sendBlocks(blob, content, signal);
        await blob.commitBlockList([...ids], {
          abortSignal: signal,
          conditions,
          blobHTTPHeaders: { blobContentMD5: md5 },
        });
        return "sent";
      } catch (error) {
        signal.throwIfAborted();
        if (!overwrite && isThere(error)) return "there";
        throw troubleOf(doing, error);
      }
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

type Blocks = ReturnType<ContainerClient["getBlockBlobClient"]>;

/** A block's id says its place and its content: one that an earlier, cut try has sent is not sent again. */
async function sendBlocks(blob: Blocks, content: Content, signal: AbortSignal) {
  const size = Math.max(BLOCK_BYTES, Math.ceil(content.sizeBytes / MOST_BLOCKS));
  const there = await stagedBlocks(blob, signal);
  const ids: string[] = [];
  const whole = createHash("md5");
  const underWay = new Set<Promise<unknown>>();
  let failed: unknown;
  for (let from = 0, index = 0; from < content.sizeBytes && failed === undefined; from += size, index += 1) {
    signal.throwIfAborted();
    const body = await collected(content.read(from, Math.min(from + size, content.sizeBytes)));
    whole.update(body);
    const md5 = createHash("md5").update(body).digest();
    const place = Buffer.alloc(4);
    place.writeUInt32BE(index);
    const id = Buffer.concat([place, md5]).toString("base64");
    ids.push(id);
    if (there.get(id) === body.byteLength) continue;
    const one: Promise<unknown> = blob
      .stageBlock(id, body, body.byteLength, { abortSignal: signal, transactionalContentMD5: md5 })
      .catch((error: unknown) => {
        failed ??= error;
      })
      .finally(() => underWay.delete(one));
    underWay.add(one);
    if (underWay.size >= BLOCKS_AT_ONCE) await Promise.race(underWay);
  }
  await Promise.all(underWay);
  if (failed !== undefined) throw failed;
  return { ids, md5: whole.digest() };
}

async function stagedBlocks(blob: Blocks, signal: AbortSignal): Promise<ReadonlyMap<string, number>> {
  try {
    const { uncommittedBlocks = [] } = await blob.getBlockList("uncommitted", { abortSignal: signal });
    return new Map(uncommittedBlocks.map(({ name, size }) => [name, size]));
  } catch (error) {
    if (kindOf(Number((error as { statusCode?: number }).statusCode)) === "gone") return new Map();
    // Whoever may only write is not told; then all is sent.
    if (Number((error as { statusCode?: number }).statusCode) === 403) return new Map();
    throw error;
  }
}

const isThere = (error: unknown): boolean => {
  const { statusCode, code } = error as { statusCode?: number; code?: string };
  return statusCode === 412 || (statusCode === 409 && code === "BlobAlreadyExists");
};

const isContainerGone = (error: unknown): boolean => {
  const { code, details } = error as { code?: string; details?: { errorCode?: string } };
  return [code, details?.errorCode].includes("ContainerNotFound");
};

async function collected(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
