// Follows a log on a server that can only be asked for it: reads `logFiles` of the run's details, and the file behind its URL.
import { delay } from "../abort.ts";
import { isRestError } from "../errors.ts";
import type { RunDetails } from "../models.ts";
import type { OperationOptions } from "../options.ts";
import { isEnded } from "../runPoller.ts";
import { chunksOf, streamOf } from "../transport/byteStream.ts";
import { mayPass } from "../transport/retry.ts";
import type { Transport } from "../transport/transport.ts";
import type { FollowLogOptions, LogChunk, LogEnd } from "./followLog.ts";

/** The names the driver's log has had, newest first. */
const DRIVER_LOGS = [
  /^user_logs\/std_log\.txt$/,
  /^user_logs\/std_log_process_0\.txt$/,
  /^user_logs\/std_log.*\.txt$/,
  /^azureml-logs\/70_driver_log.*\.txt$/,
  /^azureml-logs\/\d\d.*\.txt$/,
  /^logs\/azureml\/executionlogs\.txt$/,
];

export async function* pollLog(
  transport: Transport,
  getDetails: (options: OperationOptions) => Promise<RunDetails>,
  options: FollowLogOptions,
): AsyncGenerator<LogChunk, LogEnd, undefined> {
  const { abortSignal, pollIntervalInMs = 1_000, maxUnreachableInMs = 120_000 } = options;
  let at = options.from ?? 0;
  let status: string | undefined;
  let unreachableSince: number | undefined;
  for (;;) {
    let ended = false;
    try {
      const details = await getDetails({ abortSignal });
      // Read before the log is: whatever was written until the end is in the file we then fetch.
      ended = isEnded(details.status);
      if (details.status !== undefined && details.status !== status) options.onStatus?.(details.status);
      status = details.status;
      const url = logUrl(details.logFiles ?? {}, options.path);
      if (url !== undefined) {
        for await (const chunk of readFrom(transport, url, at, options)) {
          at = chunk.to;
          yield chunk;
        }
      }
      unreachableSince = undefined;
    } catch (error) {
      unreachableSince ??= Date.now();
      if (!mayPass(error) || Date.now() - unreachableSince >= maxUnreachableInMs) throw error;
      ended = false;
    }
    if (ended) return { status: status as string, to: at };
    await delay(pollIntervalInMs, abortSignal);
  }
}

function logUrl(logFiles: Readonly<Record<string, string>>, path: string | undefined): string | undefined {
  if (path !== undefined) return Object.hasOwn(logFiles, path) ? logFiles[path] : undefined;
  const names = Object.keys(logFiles).sort();
  for (const pattern of DRIVER_LOGS) {
    const name = names.find((each) => pattern.test(each));
    if (name !== undefined) return logFiles[name];
  }
  return undefined;
}

/** What lies behind `at`, whether the server understands ranges or sends the whole file. */
async function* readFrom(
  transport: Transport,
  url: string,
  at: number,
  options: FollowLogOptions,
): AsyncGenerator<LogChunk, void, undefined> {
  let response: Awaited<ReturnType<Transport["fetchLink"]>>;
  try {
    const headers: Record<string, string> = at > 0 ? { range: `bytes=${at}-` } : {};
    response = await transport.fetchLink(url, {
      headers,
      stream: true,
      options: { abortSignal: options.abortSignal },
    });
  } catch (error) {
    // 416: nothing has come since. 404: the file is named before it is there.
    if (isRestError(error) && (error.statusCode === 416 || error.statusCode === 404)) return;
    throw error;
  }
  const stream = await streamOf(response);
  if (!stream) return;
  const range = /^bytes (\d+)-/.exec(response.headers.get("content-range") ?? "");
  let offset = response.status === 206 && range ? Number(range[1]) : 0;
  if (offset > at)
    throw new Error(`The server sent the log from byte ${offset} on, though ${at} was asked for.`);
  let reached = at;
  for await (const chunk of chunksOf(stream)) {
    const end = offset + chunk.byteLength;
    if (end > reached) {
      yield { from: reached, to: end, bytes: chunk.subarray(reached - offset) };
      reached = end;
    }
    offset = end;
  }
}
