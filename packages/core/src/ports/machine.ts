// What the machine of the service is and does, for people who look at a target that runs on it.

export type MachineFacts = {
  readonly cpus: number;
  /** Of the last minute. */
  readonly loadAverage: number;
  readonly memoryBytes: number;
  /** What programs could have at once. */
  readonly memoryFreeBytes: number;
  /** Of the file system that the data folder is on. */
  readonly diskBytes: number;
  readonly diskFreeBytes: number;
};

export interface Machine {
  /** Answers at once. Throws nothing: undefined where it cannot be told. */
  facts(): Promise<MachineFacts | undefined>;
}
