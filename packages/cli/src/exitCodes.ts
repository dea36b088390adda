// What the command's exit code tells a script. docs/cli.md lists the same.

/** Exit codes of the command itself. `submit --wait` ends with the exit code of the run's script instead. */
export const EXIT = {
  ok: 0,
  /** The service refused, or the run failed without an exit code of its own. */
  failed: 1,
  /** The command line, a file it names or a setting is wrong; nothing was sent. */
  usage: 2,
  /** The service cannot be reached. */
  unreachable: 3,
  /** The token is missing, wrong, or does not reach this. */
  denied: 4,
  /** What was named does not exist. */
  notFound: 5,
  /** The run was canceled. */
  canceled: 6,
  /** Interrupted with Ctrl-C; the run goes on. */
  detached: 130,
} as const;
