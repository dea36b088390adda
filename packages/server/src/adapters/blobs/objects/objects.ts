// What the stores need of an object storage, and no more: named bytes that are seen whole or not at all. Azure Blob Storage, S3 and a
// memory for tests are behind it.

import type { LinkHeaders } from "@malachite/core";

export type ObjectHead = {
  readonly key: string;
  readonly sizeBytes: number;
  /** Changes with the bytes. As the storage gives it. */
  readonly etag: string;
  readonly changedAt: number;
};

/** What a list tells: an object, or that there are some in a folder. */
export type Listed = ObjectHead | { readonly folder: string };
export const nameOf = (one: Listed): string => ("folder" in one ? one.folder : one.key);

/** Under which circumstances an object is written. Without one, always. */
export type Condition = { readonly ifNone: true } | { readonly ifMatch: string };

/** Bytes of known length. */
export type Content = {
  readonly sizeBytes: number;
  /** Exactly the bytes `from` up to but not including `to`. */
  read(from: number, to: number): Promise<Uint8Array>;
};

/**
 * All may be asked again after a failure. What the storage refuses or does not answer is thrown as a MalachiteError: StorageAway
 * when asking again may help, else StorageFailed.
 */
export interface Objects {
  /** For people: `s3://bucket/prefix`. */
  readonly place: string;
  /** Keys of up to so many bytes are taken. */
  readonly longestKeyBytes: number;
  /** Writes the object whole, the storage checking its MD5; its new tag, or undefined when the condition did not hold. */
  put(
    key: string,
    bytes: Uint8Array,
    ask: { readonly condition?: Condition; readonly signal?: AbortSignal },
  ): Promise<string | undefined>;
  /**
   * The same for any length, in parts, each with its MD5; answers the MD5 of all, in base64. Each byte is read once, in order.
   * Without a condition: the key is new.
   */
  putLarge(key: string, content: Content, signal?: AbortSignal): Promise<string>;
  /** A small object, whole. */
  get(
    key: string,
    signal?: AbortSignal,
  ): Promise<{ readonly bytes: Buffer; readonly etag: string; readonly changedAt: number } | undefined>;
  /** Bytes `from` up to but not including `to`, which lie inside. Ends early only by throwing. */
  read(key: string, from: number, to: number, signal?: AbortSignal): AsyncIterable<Uint8Array>;
  head(key: string, signal?: AbortSignal): Promise<ObjectHead | undefined>;
  /**
   * In order of the bytes of the key, behind `after`. With `folders`, what has a slash behind the prefix is answered once, as the
   * key up to that slash. `pageSize` is a guess of how many will be taken.
   */
  list(ask: {
    readonly prefix: string;
    readonly after?: string;
    readonly folders?: boolean;
    readonly pageSize: number;
    readonly signal?: AbortSignal;
  }): AsyncIterable<Listed>;
  /** Gone or not there is success. */
  remove(keys: readonly string[], signal?: AbortSignal): Promise<void>;
  /** Removes it if it is still that version; false when it is another. Storages that know no such condition remove it. */
  removeVersion(key: string, etag: string, signal?: AbortSignal): Promise<boolean>;
  /** Gives up what uploads in parts left that began before then. */
  sweepParts(before: number, signal?: AbortSignal): Promise<void>;
  /** An address at the storage itself from which anybody reads the object until then; undefined when no key is there to sign with. */
  link(key: string, until: number, headers: LinkHeaders): Promise<string | undefined>;
  close(): void;
}
