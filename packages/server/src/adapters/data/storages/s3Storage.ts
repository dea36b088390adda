// A bucket of S3, or of what speaks its protocol. The library is loaded when the first run needs it.
import { createHash } from "node:crypto";
import type { S3Client } from "@aws-sdk/client-s3";
import { type Content, type FileStorage, StorageTrouble, type StoredFile } from "../fileStorage.ts";
import type { MountSource } from "../mounts/rcloneMount.ts";
import { troubleOf } from "../trouble.ts";

export type S3Settings = {
  readonly bucket: string;
  /** Without one: Amazon's own of the region. */
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
  /** Without keys: what the machine has (profile, instance role), as Amazon's libraries find it. */
  readonly accessKeyId?: string | undefined;
  readonly secretAccessKey?: string | undefined;
  /** Keys below which everything lies. */
  readonly prefix?: string | undefined;
};

/** Up to here a file is sent at once; above, in parts of this size, or larger where 10,000 of them would not do. */
const PART_BYTES = 8 * 1024 * 1024;
const MOST_PARTS = 10_000;
const PARTS_AT_ONCE = 4;
/** Beside the carrier's own patience, which is for bytes that are under way. */
const TRIES = 3;

type Library = typeof import("@aws-sdk/client-s3");

export async function openS3Storage(settings: S3Settings, called: string): Promise<FileStorage> {
  const library = await import("@aws-sdk/client-s3");
  const { endpoint, region, accessKeyId, secretAccessKey } = settings;
  const client = new library.S3Client({
    region: region ?? "us-east-1",
    maxAttempts: TRIES,
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    ...(accessKeyId && secretAccessKey ? { credentials: { accessKeyId, secretAccessKey } } : {}),
    // Others than Amazon do not know the newer sums; the MD5 of every request is checked by all.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
  });
  return createS3Storage(library, client, settings, called);
}

function createS3Storage(
  library: Library,
  client: S3Client,
  settings: S3Settings,
  called: string,
): FileStorage {
  const { bucket: Bucket, prefix: given = "" } = settings;
  const prefix = given === "" ? "" : `${given.replace(/^\/+|\/+$/g, "")}/`;
  const at = (path: string) => `${path} of the datastore ${called}`;
  const keyOf = (path: string) => `${prefix}${path}`;
  const find: FileStorage["find"] = async (path, signal) => {
    try {
      const got = await client.send(new library.HeadObjectCommand({ Bucket, Key: keyOf(path) }), {
        abortSignal: signal,
      });
      const encrypted = got.ServerSideEncryption?.startsWith("aws:kms") || got.SSECustomerAlgorithm;
      return fileOf(path, got.ContentLength, got.LastModified, got.ETag, !encrypted);
    } catch (error) {
      const trouble = troubleOf(`Looking for ${at(path)}`, error);
      if (trouble instanceof StorageTrouble && trouble.kind === "gone") return undefined;
      throw trouble;
    }
  };
  return {
    find,
    async *list(folder, signal) {
      const Prefix = folder === "" ? prefix : `${prefix}${folder}/`;
      const pages = library.paginateListObjectsV2({ client }, { Bucket, Prefix }, { abortSignal: signal });
      try {
        // Whether a tag is an MD5 depends on how it is encrypted, which a list does not tell.
        for await (const { Contents = [] } of pages)
          for (const { Key = "", Size, LastModified, ETag } of Contents)
            yield fileOf(Key.slice(prefix.length), Size, LastModified, ETag, false);
      } catch (error) {
        throw troubleOf(`Listing the datastore ${called}`, error);
      }
    },
    async *read(file, from, signal) {
      const doing = `Reading ${at(file.path)}`;
      if (file.sizeBytes === 0) return;
      try {
        const answer = await client.send(
          new library.GetObjectCommand({
            Bucket,
            Key: keyOf(file.path),
            ...(file.version === undefined ? {} : { IfMatch: file.version }),
            ...(from === 0 ? {} : { Range: `bytes=${from}-` }),
          }),
          { abortSignal: signal },
        );
        for await (const chunk of answer.Body as AsyncIterable<Uint8Array>) yield chunk;
      } catch (error) {
        signal.throwIfAborted();
        throw troubleOf(doing, error);
      }
    },
    async write(path, content, overwrite, signal) {
      try {
        // Not every server knows the condition, so it is looked up too.
        if (!overwrite && (await find(path, signal))) return "there";
        const condition = overwrite ? {} : { IfNoneMatch: "*" };
        if (content.sizeBytes <= PART_BYTES) {
          const Body = await collected(content.read(0, content.sizeBytes));
          await client.send(
            new library.PutObjectCommand({
              Bucket,
              Key: keyOf(path),
              Body,
              ContentLength: Body.byteLength,
              ContentMD5: md5Of(Body),
              ...condition,
            }),
            { abortSignal: signal },
          );
        } else await sendParts(library, client, { Bucket, Key: keyOf(path) }, content, condition, signal);
        return "sent";
      } catch (error) {
        signal.throwIfAborted();
        const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
        if (!overwrite && status === 412) return "there";
        throw troubleOf(`Writing ${at(path)}`, error);
      }
    },
    remote: async (folder) => mountOfS3(settings, folder),
    async [Symbol.asyncDispose]() {
      client.destroy();
    },
  };
}

/** How rclone reaches a folder of the bucket. Pure. */
export function mountOfS3(settings: S3Settings, folder: string): MountSource {
  const { bucket, prefix = "", endpoint, region, accessKeyId, secretAccessKey } = settings;
  const hasKeys = accessKeyId !== undefined && secretAccessKey !== undefined;
  return {
    root: [bucket, ...prefix.split("/"), ...folder.split("/")].filter((name) => name !== ""),
    remote: {
      type: "s3",
      provider: endpoint === undefined ? "AWS" : "Other",
      region: region ?? "us-east-1",
      // The bucket is the operator's: it is not made, and the key need not be one that could.
      no_check_bucket: "true",
      ...(endpoint === undefined ? {} : { endpoint, force_path_style: "true" }),
      ...(hasKeys
        ? { access_key_id: accessKeyId, secret_access_key: secretAccessKey }
        : { env_auth: "true" }),
    },
  };
}

type Target = { readonly Bucket: string; readonly Key: string };

/** Goes on with an upload that was cut, as far as its parts are those of this content. */
async function sendParts(
  library: Library,
  client: S3Client,
  target: Target,
  content: Content,
  condition: { readonly IfNoneMatch?: string },
  abortSignal: AbortSignal,
): Promise<void> {
  const size = Math.max(PART_BYTES, Math.ceil(content.sizeBytes / MOST_PARTS));
  const earlier = await earlierUpload(library, client, target, abortSignal);
  const UploadId =
    earlier?.id ??
    (await client.send(new library.CreateMultipartUploadCommand(target), { abortSignal })).UploadId;
  const parts: { PartNumber: number; ETag: string | undefined }[] = [];
  const underWay = new Set<Promise<unknown>>();
  let failed: unknown;
  for (
    let from = 0, number = 1;
    from < content.sizeBytes && failed === undefined;
    from += size, number += 1
  ) {
    const PartNumber = number;
    abortSignal.throwIfAborted();
    const Body = await collected(content.read(from, Math.min(from + size, content.sizeBytes)));
    const hex = createHash("md5").update(Body).digest("hex");
    const ETag = earlier?.parts.get(PartNumber);
    if (ETag?.replaceAll('"', "") === hex) {
      parts.push({ PartNumber, ETag });
      continue;
    }
    const one: Promise<unknown> = client
      .send(
        new library.UploadPartCommand({
          ...target,
          UploadId,
          PartNumber,
          Body,
          ContentLength: Body.byteLength,
          ContentMD5: md5Of(Body),
        }),
        { abortSignal },
      )
      .then((sent) => parts.push({ PartNumber, ETag: sent.ETag }))
      .catch((error: unknown) => {
        failed ??= error;
      })
      .finally(() => underWay.delete(one));
    underWay.add(one);
    if (underWay.size >= PARTS_AT_ONCE) await Promise.race(underWay);
  }
  await Promise.all(underWay);
  if (failed !== undefined) throw failed;
  const Parts = parts.sort((a, b) => a.PartNumber - b.PartNumber);
  const command = new library.CompleteMultipartUploadCommand({
    ...target,
    UploadId,
    MultipartUpload: { Parts },
    ...condition,
  });
  await client.send(command, { abortSignal });
}

async function earlierUpload(
  library: Library,
  client: S3Client,
  { Bucket, Key }: Target,
  abortSignal: AbortSignal,
) {
  try {
    const { Uploads = [] } = await client.send(
      new library.ListMultipartUploadsCommand({ Bucket, Prefix: Key }),
      {
        abortSignal,
      },
    );
    const id = Uploads.findLast((one) => one.Key === Key)?.UploadId;
    if (id === undefined) return undefined;
    const parts = new Map<number, string>();
    for await (const page of library.paginateListParts(
      { client },
      { Bucket, Key, UploadId: id },
      { abortSignal },
    ))
      for (const { PartNumber, ETag } of page.Parts ?? [])
        if (PartNumber !== undefined && ETag !== undefined) parts.set(PartNumber, ETag);
    return { id, parts };
  } catch {
    abortSignal.throwIfAborted();
    // Some servers do not list them, and some keys may not: then all is sent again.
    return undefined;
  }
}

function fileOf(
  path: string,
  size: number | undefined,
  changed: Date | undefined,
  tag: string | undefined,
  tagIsMd5: boolean,
): StoredFile {
  const hex = tag?.replaceAll('"', "");
  return {
    path,
    sizeBytes: size ?? 0,
    changedAt: changed?.getTime(),
    version: tag,
    md5:
      tagIsMd5 && hex !== undefined && /^[0-9a-f]{32}$/.test(hex)
        ? Buffer.from(hex, "hex").toString("base64")
        : undefined,
  };
}

const md5Of = (bytes: Uint8Array): string => createHash("md5").update(bytes).digest("base64");

async function collected(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
