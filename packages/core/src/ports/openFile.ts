// One file that is held open while it is read: of a run's folder, where it may be growing, or of the store.

/** A file as it is now. */
export type FileLook = {
  readonly sizeBytes: number;
  /** Another one when another file takes the path. Stays the same when the file itself is moved. */
  readonly identity: string;
  /** Changes with every change of the bytes. Without quotes. */
  readonly etag: string;
  readonly createdAt: number;
  readonly changedAt: number;
};

/** How the answer to a link outside the service is marked. */
export type LinkHeaders = { readonly contentType?: string; readonly contentDisposition?: string };

/** Whatever takes the file's path meanwhile does not change what is read here. */
export type OpenFile = AsyncDisposable & {
  look(): Promise<FileLook>;
  /** Bytes `from` up to but not including `to`; fewer when the file has become shorter. */
  read(from: number, to: number): AsyncIterable<Uint8Array>;
  /** An address outside the service from which anybody reads it until then; undefined where there is none. */
  link?(until: number, headers: LinkHeaders): Promise<string | undefined>;
  /** Its descriptor in this process, of a file of this machine: a thread of the service can read by it while the file is open. */
  readonly descriptor?: number;
};
