// `malachite demo`: the whole way of a run, shown once with the example, on a service that stays up afterwards.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { RunClient } from "@malachite/client";
import type { Command } from "commander";
import { connect } from "../connection/connection.ts";
import type { Io } from "../io.ts";
import { pageAddress } from "../output/pageAddress.ts";
import { table } from "../output/table.ts";
import { size } from "../output/times.ts";
import type { Frame } from "../program.ts";
import { exitCodeOf, printLog, sayEnd, untilInterrupted, waitForEnd } from "./follow.ts";
import { startService, untilStopped } from "./upCommand.ts";

type Options = { readonly port: string; readonly data?: string; readonly once?: boolean };
const EXPERIMENT = "train";
const METRICS = "outputs/metrics.json";

/** Adds the options and the action. */
export function define(command: Command, io: Io, frame: Frame): void {
  command
    .option("--port <number>", "port to listen on; a free one is taken when it is in use", "7464")
    .option("--data <folder>", "the data folder (default ~/.malachite/data)")
    .option("--once", "end when the run has ended, instead of staying up")
    .addHelpText(
      "after",
      "\nExamples:\n  malachite demo\n  malachite demo --once --port 0 --data ./demo-data",
    )
    .action(async (options: Options) => demo(options, io, frame));
}

async function demo(options: Options, io: Io, frame: Frame): Promise<void> {
  const folder = findExample();
  await using service = await startOrFind(options, io);
  const connectionOptions = { token: "dev", ...(service.url === undefined ? {} : { endpoint: service.url }) };
  const { runs, endpoint, workspace } = await connect(connectionOptions, io, frame);
  const { submitFolder } = await import("@malachite/client/node");
  io.say(`\n$ malachite submit ${relativeName(folder, io.cwd)}`);
  const { run } = await submitFolder(runs, { folder, experimentName: EXPERIMENT, script: "train.py" });
  io.say(`${run.runId}\n\n$ malachite logs -f ${run.runId}`);
  const end = await untilInterrupted(io, run.runId, async (signal) => {
    await printLog(run, io, { signal });
    return waitForEnd(run, io, signal);
  });
  if (end === undefined) return;
  sayEnd(end, io);
  frame.exitCode = exitCodeOf(end);
  await showFiles(run, io);
  if (options.once || service.url === undefined) return;
  sayNext(run.runId, endpoint, pageAddress(endpoint, workspace, run.runId), options, io);
  await untilStopped();
  io.say("Stopping. What has run is kept; `malachite up` shows it again.");
}

/** The example's folder, in the checkout or beside the bundle. */
function findExample(): string {
  const places = ["../../../../examples/train", "./examples/train", "../examples/train"];
  const found = places
    .map((place) => fileURLToPath(new URL(place, import.meta.url)))
    .find((path) => existsSync(path));
  if (found === undefined)
    throw new Error("The example is missing from this installation. Install malachite again.");
  return found;
}

const relativeName = (folder: string, cwd: string): string =>
  folder.startsWith(cwd) ? folder.slice(cwd.length).replace(/^[\\/]/, "") : folder;

type Service = AsyncDisposable & { readonly url?: string };

/** Starts the service; on a port in use takes another one, on a data folder in use takes the service that uses it. */
async function startOrFind({ port, data }: Options, io: Io): Promise<Service> {
  const startedAt = performance.now();
  const flags = { port, ...(data === undefined ? {} : { data }) };
  try {
    const serving = await startService(flags, io).catch((error: unknown) => {
      if ((error as { cause?: { code?: string } }).cause?.code !== "EADDRINUSE") throw error;
      io.say(`Port ${port} is in use, so a free one is taken.`);
      return startService({ ...flags, port: "0" }, io);
    });
    const took = Math.round(performance.now() - startedAt);
    io.say(
      `Malachite takes work at ${serving.url} (started in ${took} ms; data in ${serving.settings.data})`,
    );
    return serving;
  } catch (error) {
    if ((error as { code?: string }).code !== "Busy" || data !== undefined) throw error;
    io.say("The data folder is in use by a service that runs already, so that one is used.");
    return { [Symbol.asyncDispose]: async () => {} };
  }
}

async function showFiles(run: RunClient, io: Io): Promise<void> {
  io.say(`\n$ malachite download ${run.runId}`);
  const rows: string[][] = [];
  for await (const { path } of run.artifacts.list()) {
    const { contentLength, stream } = await run.artifacts.download(path);
    await stream.cancel();
    rows.push([path, contentLength === undefined ? "" : size(contentLength)]);
  }
  await io.out(table([{ head: "FILE" }, { head: "SIZE" }], rows));
  if (!rows.some(([path]) => path === METRICS)) return;
  const bytes = await (await run.artifacts.download(METRICS)).bytes();
  const { final } = JSON.parse(new TextDecoder().decode(bytes)) as { final: unknown };
  await io.out(`\n${METRICS}: ${JSON.stringify(final)}\n`);
}

function sayNext(runId: string, endpoint: string, page: string, { data }: Options, io: Io): void {
  const name = io.env.npm_command === undefined ? "malachite" : "npx malachite";
  const place = data === undefined ? [] : [`export MALACHITE_ENDPOINT=${endpoint}`];
  const lines = [
    ...place,
    `${name} list`,
    `${name} show ${runId}`,
    `${name} submit examples/train --follow -- --epochs 20 --learning-rate 0.05`,
    `${name} download ${runId} --prefix outputs/`,
    `curl ${endpoint}/healthz`,
  ];
  const listed = lines.map((line) => `  ${line}`).join("\n");
  io.say(
    `\nSee it in a browser: ${page}\n\nThe service stays up at ${endpoint}. In another terminal, try:\n${listed}\n\nStop it with Ctrl-C.`,
  );
}
