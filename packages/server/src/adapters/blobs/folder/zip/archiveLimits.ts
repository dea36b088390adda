// How much an archive may make of itself.

/** Limits for an archive that strangers sent. Sizes in bytes. */
export type ArchiveLimits = {
  /** Files and folders, counting folders that only occur in paths. */
  readonly entries: number;
  /** All files together, unpacked. */
  readonly unpackedBytes: number;
  /** How many times its own size an archive may unpack to, once it is above `ratioFloorBytes`. */
  readonly ratio: number;
  readonly ratioFloorBytes: number;
};

/**
 * A million entries need some hundred megabytes while they are checked. Deflate reaches 1,032 : 1; code and tables reach 50 : 1,
 * so 200 only stops bombs, and below a gibibyte even those do no harm.
 */
export const DEFAULT_LIMITS: ArchiveLimits = {
  entries: 1_000_000,
  unpackedBytes: 200 * 1024 ** 3,
  ratio: 200,
  ratioFloorBytes: 1024 ** 3,
};
