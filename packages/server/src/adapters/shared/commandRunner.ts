// Commands of other programs, run for the service by a small process: Node's own spawn blocks the caller in proportion to its memory.

/** A program and its arguments, never a shell. */
export type Command = {
  readonly program: string;
  readonly args: readonly string[];
  /** All of its environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Then it is killed. */
  readonly timeoutMs: number;
  /** Of each stream; one that says more is killed. */
  readonly maxBytes: number;
};

/** Why a command has no exit code: TIMEOUT, TOO_LONG, LOST (it may have done its work), a signal, or the system's word, as `E2BIG`. */
export type CommandFault = { readonly code: string; readonly message: string };

export type CommandEnd = { readonly stdout: string; readonly stderr: string } & (
  | { readonly exitCode: number }
  | { readonly fault: CommandFault }
);

export type CommandRunner = {
  /** Runs it to its end. Never throws. */
  run(command: Command): Promise<CommandEnd>;
};
