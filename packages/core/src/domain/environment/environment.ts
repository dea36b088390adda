// What a script needs to run, once it is there.

/** An environment that is ready: the real interpreter, and variables it brings. */
export type PreparedEnvironment = {
  readonly id: string;
  /** Absolute path of the real python binary, never a shim. */
  readonly python: string;
  /** What the PATH of a command begins with, so that `python` in it is this one. Absent when it is on the PATH already. */
  readonly folder?: string;
  readonly variables: Readonly<Record<string, string>>;
};
