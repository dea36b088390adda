// What every kind of storage does for the carrier. Files are named by their whole path in the storage.
import type { MountSource } from "./mounts/rcloneMount.ts";

export type StoredFile = {
  readonly path: string;
  /** Unknown for what the web sends without a length. */
  readonly sizeBytes: number | undefined;
  readonly changedAt?: number | undefined;
  /** Another one for another content. */
  readonly version?: string | undefined;
  /** In base64, where the storage keeps it. */
  readonly md5?: string | undefined;
};

/** Bytes to send: they do not change any more. */
export type Content = {
  readonly sizeBytes: number;
  read(from: number, to: number): AsyncIterable<Uint8Array>;
};

/** `there`: a file of that path is there, and was not to be replaced. */
export type Written = "sent" | "there";

export interface FileStorage extends AsyncDisposable {
  /** The file of exactly this path. */
  find(path: string, signal: AbortSignal): Promise<StoredFile | undefined>;
  /** All files below a folder, "" for all there are, in no promised order. */
  list(folder: string, signal: AbortSignal): AsyncIterable<StoredFile>;
  /** The bytes of that very version from `from` to its end. Throws StorageTrouble. */
  read(file: StoredFile, from: number, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** Seen by readers only when all of it has come. Goes on with what an earlier call has sent, where the storage can. Throws StorageTrouble. */
  write(path: string, content: Content, overwrite: boolean, signal: AbortSignal): Promise<Written>;
  /** Where the path lies on this machine; absent for what is elsewhere. `make`: as a folder, when there is nothing. */
  local?(path: string, make: boolean): Promise<{ readonly source: string; readonly file?: string }>;
  /** How the folder is mounted from elsewhere, with a key that does no more than that where the storage makes such keys. */
  remote?(folder: string, readOnly: boolean): Promise<MountSource>;
}

/** `again`: may go better at once; `gone`, `changed`: the file is not what was listed; `refused`: nothing will help but a person. */
export type TroubleKind = "again" | "gone" | "changed" | "refused";

/** What a storage says, in words for people, without secrets. */
export class StorageTrouble extends Error {
  override readonly name = "StorageTrouble";
  readonly kind: TroubleKind;

  constructor(kind: TroubleKind, message: string, cause?: unknown) {
    super(message, { cause });
    this.kind = kind;
  }
}
