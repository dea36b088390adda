// Makes a zip of files while it is sent.

/** A file on its way into a zip; it is opened when its turn comes. */
export type ZipFile = {
  readonly path: string;
  /** At least as much as will come. */
  readonly sizeBytes: number;
  readonly changedAt: number;
  readonly bytes: AsyncIterable<Uint8Array>;
};

export interface FileZipper {
  /** The zip's bytes, with constant memory for files of any size. Leaving it early closes what is being read. */
  zip(files: AsyncIterable<ZipFile>): AsyncIterable<Uint8Array>;
}
