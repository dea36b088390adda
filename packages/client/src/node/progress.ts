// What a submission tells while it goes on.

/** How far a submission is. Counts are those of the phase; bytes are those of file contents, without packing. */
export interface ProjectProgress {
  phase: "walking" | "hashing" | "asking" | "sending" | "starting" | "done";
  filesDone: number;
  /** Unknown (0) while walking. */
  filesTotal: number;
  bytesSent: number;
  bytesTotal: number;
}

/** Something the submitter should know, and may have wanted otherwise. */
export type ProjectWarning =
  | {
      code: "LargeProject";
      message: string;
      /** The biggest files and folders (these with a slash at the end), biggest first. */
      biggest: readonly { path: string; sizeBytes: number; files: number }[];
    }
  | { code: "LeftOut"; message: string; paths: readonly string[] };
