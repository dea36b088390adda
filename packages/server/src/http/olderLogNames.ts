// Releases of the v1 SDK before 1.47 show a run's log only where it has the name that an older service gave it.

/** The log of the run, by its names here and by the one that those look for. */
const LOGS = ["user_logs/std_log.txt", "user_logs/std_log_process_0.txt"];
const OLDER = "azureml-logs/70_driver_log.txt";

/** `core.1.0.85` or `azureml-sdk-core/1.37.0`, as the releases name themselves. */
const RELEASE = /\b(?:azureml-sdk-core\/|_restclient\/core\.)(\d+)\.(\d+)/;

/** Names for the caller and the paths behind them: all by their own, and the log once more by its older one for who needs it. */
export function logNames(
  userAgent: string | undefined,
  paths: readonly string[],
): readonly (readonly [name: string, path: string])[] {
  const own = paths.map((path) => [path, path] as const);
  const log = LOGS.find((name) => paths.includes(name));
  return looksForOlder(userAgent) && log !== undefined && !paths.includes(OLDER)
    ? [...own, [OLDER, log]]
    : own;
}

function looksForOlder(userAgent: string | undefined): boolean {
  const [, major, minor] = RELEASE.exec(userAgent ?? "") ?? [];
  return major === "1" && Number(minor) < 47;
}
