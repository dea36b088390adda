// What the name of a log says of who wrote it. Pure.

const OF_PROCESS = /(?:^|\/)std_log_process_(\d{1,9})\.txt$/;
/** As the SDK and older services name them: `70_driver_log_3.txt`, `70_mpi_log_rank_3.txt`, `rank_3_std_log.txt`. */
const OLDER = /(?:^|\/)(?:70_\w*?log(?:_rank)?_(\d{1,9})|rank_(\d{1,9})_\w+)\.txt$/;
const OF_ATTEMPT = /^azureml-logs\/attempts\/(\d{1,9})\//;

/** Which process of several wrote the log; undefined for one of the whole run. */
export function rankOfLog(path: string): number | undefined {
  const match = OF_PROCESS.exec(path) ?? OLDER.exec(path);
  const digits = match?.[1] ?? match?.[2];
  return digits === undefined ? undefined : Number(digits);
}

/** Which earlier attempt of the run wrote it; undefined for the last one. */
export function attemptOfLog(path: string): number | undefined {
  const digits = OF_ATTEMPT.exec(path)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
