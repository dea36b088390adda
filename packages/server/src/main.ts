// Starts and stops the service: what `malachite up` and tests call.
import { type ComposeOptions, compose } from "./compose.ts";
import { type GivenSettings, readSettings, type Settings } from "./settings.ts";

export type ServeOptions = Partial<ComposeOptions> & {
  /** What the command line gave; `settings` names a settings file. */
  readonly flags?: GivenSettings & { readonly settings?: string };
  readonly env: Readonly<Record<string, string | undefined>>;
};

/** A service that takes work. Disposing it stops it; its runs go on and are found again at the next start. */
export type Serving = AsyncDisposable & {
  readonly url: string;
  readonly settings: Settings;
  /** The certificate authority of the data folder, PEM. */
  readonly authority: string;
  /** Resolves when an operator has drained it and its last run has ended: it may be disposed of. */
  readonly drained: Promise<void>;
  /** Logs everything, or again what the settings say. */
  turnLog(): void;
};

/** Throws MalachiteError: InvalidRequest for wrong settings, Busy for a data folder in use, StorageFailed. */
export async function serve({
  flags = {},
  env,
  writeLog = (line) => process.stderr.write(line),
  around,
  tokenLifetimeMs,
  houseEveryMs,
}: ServeOptions): Promise<Serving> {
  const settings = readSettings(flags, env);
  const settingsNow = () => readSettings(flags, env);
  const app = await compose(settings, { env, writeLog, around, settingsNow, tokenLifetimeMs, houseEveryMs });
  try {
    const url = await app.start();
    return {
      url,
      settings,
      authority: app.authority,
      drained: app.drained,
      turnLog: app.turnLog,
      [Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
    };
  } catch (error) {
    await app[Symbol.asyncDispose]();
    throw listenFault(error, settings);
  }
}

/** The system's words for a port that is taken, made into what to do. */
function listenFault(error: unknown, { host, port }: Settings): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EADDRINUSE")
    return new Error(
      `Port ${port} of ${host} is in use. Give another with --port, or --port 0 for a free one.`,
      { cause: error },
    );
  if (code === "EACCES" || code === "EADDRNOTAVAIL")
    return new Error(
      `The service cannot listen on ${host}:${port} (${code}). Give another --host or --port.`,
      { cause: error },
    );
  return error;
}
