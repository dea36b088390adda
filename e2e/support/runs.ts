// Submitting and waiting for runs over the plain wire, as any client of the contract does it.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { isTerminal } from "@malachite/core";
import { type Service, until, workspacePath } from "./service.ts";

export const experiment = (name = "e2e") => `${workspacePath}/experiments/${name}`;

/** A zip of the files, made by python3's own zipfile: not by code that the server shares. */
export function zipOf(files: Readonly<Record<string, string>>): Uint8Array<ArrayBuffer> {
  const script =
    "import json,sys,zipfile\nfiles=json.load(sys.stdin)\nz=zipfile.ZipFile(sys.stdout.buffer,'w',zipfile.ZIP_DEFLATED)\n[z.writestr(n,t) for n,t in files.items()]\nz.close()";
  const made = execFileSync(python3(), ["-c", script], { input: JSON.stringify(files), maxBuffer: 2 ** 28 });
  return new Uint8Array(made);
}

let python: string | undefined;
/** The real python3 of this machine. */
export const python3 = (): string =>
  (python ??= execFileSync("python3", ["-c", "import sys; print(sys.executable, end='')"], {
    encoding: "utf8",
  }));

export const definitionOf = (
  more: Record<string, unknown> = {},
  configuration: Record<string, unknown> = {},
) => ({
  ...more,
  configuration: {
    script: "main.py",
    environment: { python: { userManagedDependencies: true, interpreterPath: python3() } },
    ...configuration,
  },
});

export type SubmitAsk = {
  readonly files: Readonly<Record<string, string>>;
  readonly configuration?: Record<string, unknown>;
  readonly runId?: string;
  readonly experimentName?: string;
  readonly headers?: Readonly<Record<string, string>>;
};

/** startrun; the run's id. */
export async function submit(service: Service, ask: SubmitAsk): Promise<string> {
  const form = new FormData();
  form.set(
    "runDefinitionFile",
    new Blob([JSON.stringify(definitionOf({}, ask.configuration))], { type: "application/json" }),
    "definition.json",
  );
  form.set("projectZipFile", new Blob([zipOf(ask.files)], { type: "application/zip" }), "project.zip");
  const query = ask.runId === undefined ? "" : `?runId=${encodeURIComponent(ask.runId)}`;
  const answer = await fetch(
    `${service.url}/execution/v1.0${experiment(ask.experimentName)}/startrun${query}`,
    { method: "POST", body: form, headers: { authorization: "Bearer dev", ...ask.headers } },
  );
  const text = await answer.text();
  if (!answer.ok) throw new Error(`startrun → ${answer.status} ${text}`);
  return (JSON.parse(text) as { runId: string }).runId;
}

export type WireRun = {
  runId: string;
  status: string;
  properties: Record<string, string>;
  startTimeUtc?: string;
  endTimeUtc?: string;
  error?: { error?: { code?: string; message?: string } };
};

export const getRun = (service: Service, runId: string): Promise<WireRun> =>
  service.json("GET", `/history/v1.0${workspacePath}/runs/${runId}`);
export const cancel = (service: Service, runId: string, name?: string): Promise<unknown> =>
  service.json("POST", `/execution/v1.0${experiment(name)}/runId/${runId}/cancel`);

/** Waits for a status, or fails at once when the run has ended as another. */
export async function reached(
  service: Service,
  runId: string,
  status: string,
  deadlineMs?: number,
): Promise<WireRun> {
  return until(
    `run ${runId} to be ${status}`,
    async () => {
      const run = await getRun(service, runId);
      if (run.status === status) return run;
      if (isTerminal(run.status))
        throw new Error(
          `Run ${runId} is ${run.status}, not ${status}: ${JSON.stringify(run.error)} ${JSON.stringify(run.properties)}`,
        );
      return undefined;
    },
    deadlineMs,
  );
}

export const ended = (service: Service, runId: string, deadlineMs?: number): Promise<WireRun> =>
  until(
    `run ${runId} to end`,
    async () => {
      const run = await getRun(service, runId);
      return isTerminal(run.status) ? run : undefined;
    },
    deadlineMs,
  );

/** The bytes of a file of a run. */
export async function fileOf(
  service: Service,
  runId: string,
  path = "user_logs/std_log.txt",
): Promise<Buffer> {
  const answer = await service.call(
    "GET",
    `/artifact/v2.0${workspacePath}/artifacts/ExperimentRun/dcid.${runId}/content?path=${encodeURIComponent(path)}`,
  );
  if (!answer.ok) throw new Error(`${path} of ${runId} → ${answer.status} ${await answer.text()}`);
  return Buffer.from(await answer.arrayBuffer());
}

/**
 * Waits until a file of a run says this, and gives all that it says by then. Fails at once, with the run's error, when the run has ended and
 * its file does not.
 */
export const says = (
  service: Service,
  runId: string,
  what: string | RegExp,
  path = "user_logs/std_log.txt",
): Promise<string> =>
  until(`${what} in ${path} of ${runId}`, async () => {
    // The run first: what it has said before its end is there after it.
    const run = await getRun(service, runId);
    const text = await fileOf(service, runId, path).then(String, (error: Error) => {
      // It is not there yet, or the machine where it is cannot be asked now.
      if (/ → (404|503) /.test(error.message)) return "";
      throw error;
    });
    if (typeof what === "string" ? text.includes(what) : what.test(text)) return text;
    if (isTerminal(run.status))
      throw new Error(
        `Run ${runId} is ${run.status} and has not said ${what}: ${JSON.stringify(run.error)} ${JSON.stringify(text.slice(-2000))}`,
      );
    return undefined;
  });

export const story = async (
  service: Service,
  runId: string,
): Promise<{ event: string; status: string; actor: string; at: string; cause?: string }[]> =>
  (await service.json<{ value: never[] }>("GET", `/malachite/v1.0${workspacePath}/runs/${runId}/story`))
    .value;

/** How the launch keys of a run begin, and so the names of its folders, jobs and containers: as much of its id as a key has room for. */
export const keyStart = (runId: string): string => runId.toLowerCase().replaceAll("_", "-").slice(0, 25);

/** Processes of this machine whose environment names the run: what a run has left behind. */
export function processesOf(runId: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return (
          readFileSync(`/proc/${pid}/environ`, "utf8").includes(`AZUREML_RUN_ID=${runId}\0`) &&
          !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"))
        );
      } catch {
        // The process has ended meanwhile, or is not ours to look into.
        return false;
      }
    });
}

/** Ends what a test that failed has left, so that it keeps nothing from the next. */
export async function endAll(service: Service, runIds: readonly string[]): Promise<void> {
  for (const runId of runIds) await cancel(service, runId).catch(() => undefined);
  for (const runId of runIds) await ended(service, runId);
}
