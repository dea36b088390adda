// A bucket of S3, or of what speaks its protocol and knows conditional writes. The library is loaded when a service keeps its files there.
import { createHash } from "node:crypto";
import { statusOf, wordOf } from "../../shared/foreignErrors.ts";
import { asking, by, headOf } from "./asking.ts";
import type { ObjectStorageKeys } from "./objectStorage.ts";
import { type Condition, type Listed, nameOf, type Objects } from "./objects.ts";
import { sendParts } from "./parts.ts";
import { DEFAULT_PATIENCE, type Patience } from "./patience.ts";
import { isMissing } from "./trouble.ts";

export type S3Place = {
  readonly bucket: string;
  /** Keys below which everything lies; empty, or ending in a slash. */
  readonly prefix: string;
  /** Without one: Amazon's own of the region. */
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
};

const MOST_PARTS = 10_000;
const CONNECT_MS = 5000;
/** Without a byte. */
const SILENCE_MS = 30_000;
const MOST_REMOVED = 1000;

/** `keys` without those of S3: what the machine has (profile, instance role), as Amazon's library finds it. */
export async function openS3Objects(
  { bucket: Bucket, prefix, endpoint, region }: S3Place,
  keys: ObjectStorageKeys,
  patience: Patience = DEFAULT_PATIENCE,
): Promise<Objects> {
  const library = await import("@aws-sdk/client-s3");
  const { accessKeyId, secretAccessKey, sessionToken } = keys;
  const client = new library.S3Client({
    region: region ?? "us-east-1",
    // Asked again by us, with a deadline of our own.
    maxAttempts: 1,
    requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: SILENCE_MS, socketTimeout: SILENCE_MS },
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    ...(accessKeyId && secretAccessKey
      ? { credentials: { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) } }
      : {}),
    // Others than Amazon do not know the newer sums; the MD5 of every request is checked by all.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
  });
  const place = `s3://${Bucket}/${prefix}`;
  const at = (key: string) => ({ Bucket, Key: prefix + key });
  const { failed, asked, askedFor, patientlyAsked } = asking(place, patience);

  async function abandon(key: string, UploadId: string | undefined): Promise<void> {
    await client
      .send(new library.AbortMultipartUploadCommand({ ...at(key), UploadId }))
      .catch(() => undefined); // The sweep gives it up; the first error is the one to tell.
  }

  return {
    place,
    longestKeyBytes: 1024 - prefix.length,
    put: (key, bytes, { condition, signal }) =>
      asked("Writing to the object storage", signal, async () => {
        try {
          const sent = await client.send(
            new library.PutObjectCommand({
              ...at(key),
              Body: bytes,
              ContentLength: bytes.byteLength,
              ContentMD5: createHash("md5").update(bytes).digest("base64"),
              ...conditionOf(condition),
            }),
            by(signal),
          );
          return sent.ETag ?? "";
        } catch (error) {
          // 409: another write of the key is under way, and may hold the condition first. 404: what was to match is gone.
          const status = statusOf(error);
          const isRefused =
            status === 412 || status === 409 || (status === 404 && wordOf(error) === "NoSuchKey");
          if (condition !== undefined && isRefused) return undefined;
          throw error;
        }
      }),
    async putLarge(key, content, signal) {
      const again = <T>(work: () => Promise<T>) =>
        patientlyAsked("Writing to the object storage", signal, work);
      const { UploadId } = await again(() =>
        client.send(new library.CreateMultipartUploadCommand(at(key)), by(signal)),
      );
      try {
        const { sent, md5 } = await sendParts(
          content,
          MOST_PARTS,
          async ({ index, bytes, md5 }) => {
            const PartNumber = index + 1;
            const { ETag } = await again(() =>
              client.send(
                new library.UploadPartCommand({
                  ...at(key),
                  UploadId,
                  PartNumber,
                  Body: bytes,
                  ContentLength: bytes.byteLength,
                  ContentMD5: md5.toString("base64"),
                }),
                by(signal),
              ),
            );
            return { PartNumber, ETag };
          },
          signal,
        );
        const complete = new library.CompleteMultipartUploadCommand({
          ...at(key),
          UploadId,
          MultipartUpload: { Parts: [...sent] },
        });
        let tries = 0;
        await again(async () => {
          tries += 1;
          try {
            await client.send(complete, by(signal));
          } catch (error) {
            if (tries === 1 || wordOf(error) !== "NoSuchUpload") throw error;
            // An earlier try came through, and only its answer was lost; else this throws.
            await client.send(new library.HeadObjectCommand(at(key)), by(signal));
          }
        });
        return md5.toString("base64");
      } catch (error) {
        await abandon(key, UploadId);
        throw error;
      }
    },
    get: (key, signal) =>
      askedFor("Reading from the object storage", signal, async () => {
        const got = await client.send(new library.GetObjectCommand(at(key)), by(signal));
        const bytes = Buffer.from((await got.Body?.transformToByteArray()) ?? []);
        const { etag, changedAt } = headOf(key, undefined, got.ETag, got.LastModified);
        return { bytes, etag, changedAt };
      }),
    async *read(key, from, to, signal) {
      if (from >= to) return;
      try {
        const range = { Range: `bytes=${from}-${to - 1}` };
        const got = await client.send(new library.GetObjectCommand({ ...at(key), ...range }), by(signal));
        yield* got.Body as AsyncIterable<Uint8Array>;
      } catch (error) {
        throw failed("Reading from the object storage", signal, error);
      }
    },
    head: (key, signal) =>
      askedFor("Looking into the object storage", signal, async () => {
        const got = await client.send(new library.HeadObjectCommand(at(key)), by(signal));
        return headOf(key, got.ContentLength, got.ETag, got.LastModified);
      }),
    async *list({ prefix: under, after, folders, pageSize, signal }) {
      let token: string | undefined;
      do {
        const page = await asked("Listing the object storage", signal, () =>
          client.send(
            new library.ListObjectsV2Command({
              Bucket,
              Prefix: prefix + under,
              MaxKeys: Math.min(1000, pageSize),
              ...(after === undefined ? {} : { StartAfter: prefix + after }),
              ...(folders ? { Delimiter: "/" } : {}),
              ...(token === undefined ? {} : { ContinuationToken: token }),
            }),
            by(signal),
          ),
        );
        const found: Listed[] = [];
        for (const { Key = "", Size, ETag, LastModified } of page.Contents ?? [])
          found.push(headOf(Key.slice(prefix.length), Size, ETag, LastModified));
        for (const { Prefix = "" } of page.CommonPrefixes ?? [])
          found.push({ folder: Prefix.slice(prefix.length) });
        // Objects and folders come apart; a folder that begins before `after` comes again.
        if (folders) found.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
        for (const one of found) if (after === undefined || nameOf(one) > after) yield one;
        token = page.IsTruncated ? page.NextContinuationToken : undefined;
      } while (token !== undefined);
    },
    async remove(keys, signal) {
      const remove = async (some: readonly string[]): Promise<void> => {
        if (some.length === 1) {
          await client.send(new library.DeleteObjectCommand(at(some[0] as string)), by(signal));
          return;
        }
        const Objects = some.map((key) => ({ Key: prefix + key }));
        const { Errors = [] } = await client.send(
          new library.DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }),
          by(signal),
        );
        const failed = Errors.find(({ Code }) => Code !== "NoSuchKey");
        if (failed) throw Object.assign(new Error(failed.Message), { Code: failed.Code, statusCode: 500 });
      };
      for (let from = 0; from < keys.length; from += MOST_REMOVED)
        await patientlyAsked("Removing from the object storage", signal, () =>
          remove(keys.slice(from, from + MOST_REMOVED)),
        );
    },
    removeVersion: (key, etag, signal) =>
      asked("Removing from the object storage", signal, async () => {
        try {
          await client.send(new library.DeleteObjectCommand({ ...at(key), IfMatch: etag }), by(signal));
          return true;
        } catch (error) {
          if (isMissing(error)) return true;
          if (statusOf(error) === 412 || statusOf(error) === 409) return false;
          // A storage that does not know the condition says so.
          if (statusOf(error) !== 501) throw error;
          await client.send(new library.DeleteObjectCommand(at(key)), by(signal));
          return true;
        }
      }),
    sweepParts: (before, signal) =>
      asked("Giving up old uploads", signal, async () => {
        let from: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } = {};
        for (let more = true; more; ) {
          const page = await client.send(
            new library.ListMultipartUploadsCommand({ Bucket, Prefix: prefix, ...from }),
            by(signal),
          );
          for (const { Key = "", UploadId, Initiated } of page.Uploads ?? [])
            if (Initiated !== undefined && Initiated.getTime() < before)
              await abandon(Key.slice(prefix.length), UploadId);
          more = page.IsTruncated === true && page.NextKeyMarker !== undefined;
          from = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
        }
      }),
    async link(key, until, { contentType, contentDisposition }) {
      const { getSignedUrl } = await import("@aws-sdk/s3-request-presigner");
      const command = new library.GetObjectCommand({
        ...at(key),
        ...(contentType === undefined ? {} : { ResponseContentType: contentType }),
        ...(contentDisposition === undefined ? {} : { ResponseContentDisposition: contentDisposition }),
      });
      const expiresIn = Math.min(7 * 24 * 3600, Math.max(1, Math.floor((until - Date.now()) / 1000)));
      return await getSignedUrl(client, command, { expiresIn });
    },
    close: () => client.destroy(),
  };
}

const conditionOf = (condition: Condition | undefined) =>
  condition === undefined
    ? {}
    : "ifNone" in condition
      ? { IfNoneMatch: "*" }
      : { IfMatch: condition.ifMatch };
