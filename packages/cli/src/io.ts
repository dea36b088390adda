// The command's world: streams, environment, folder. Results go to stdout, all talk to stderr.

/** What a command may touch beside the service. */
export type Io = {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Arguments after `--`; undefined when there was none. */
  readonly rest: readonly string[] | undefined;
  /** Writes a result. Resolves when the stream can take more. */
  out(text: string | Uint8Array): Promise<void>;
  /** Writes a line of talk. */
  say(text: string): void;
  /** Whether talk is read by a person at a terminal, so that bars and hints are welcome. */
  readonly interactive: boolean;
  /** Asks the person at the terminal, and gives the line that is typed; undefined where nobody is at one. */
  ask(question: string): Promise<string | undefined>;
  /** Columns of the terminal that results go to; undefined for files and pipes. */
  readonly columns: number | undefined;
  /** Calls `stop` at the first Ctrl-C; the second one ends the process at once. Gives a function that stops listening. */
  onInterrupt(stop: () => void): () => void;
};

/** The world of this process. */
export function processIo(rest: readonly string[] | undefined): Io {
  // `malachite list | head` closes the pipe early: that is a wish, not a fault.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(0);
  });
  return {
    cwd: process.cwd(),
    env: process.env,
    rest,
    out: (text) =>
      process.stdout.write(text)
        ? Promise.resolve()
        : new Promise((resolve) => {
            process.stdout.once("drain", () => resolve());
          }),
    say: (text) => {
      process.stderr.write(`${text}\n`);
    },
    interactive: process.stderr.isTTY === true,
    async ask(question) {
      if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined;
      const { createInterface } = await import("node:readline");
      const lines = createInterface({ input: process.stdin, output: process.stderr });
      try {
        // Ctrl-C and Ctrl-D are an answer too: none of those that are asked for.
        return await new Promise((resolve) => {
          lines.once("close", () => resolve(""));
          lines.question(question, resolve);
        });
      } finally {
        lines.close();
      }
    },
    columns: process.stdout.isTTY ? process.stdout.columns : undefined,
    onInterrupt: (stop) => {
      let asked = false;
      const listener = () => {
        if (asked) process.exit(130);
        asked = true;
        stop();
      };
      process.on("SIGINT", listener);
      return () => process.off("SIGINT", listener);
    },
  };
}
