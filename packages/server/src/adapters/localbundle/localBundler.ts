// Packs the zip that startlocalrun answers: a start script, the agent that runs the run elsewhere, and the run as data.
import { readFile } from "node:fs/promises";
import { type LocalBundler, type LocalJob, PYTHON_START, PYTHON_START_NAME } from "@malachite/core";
import { AGENT_FILES } from "./agentFiles.ts";

/** One file of a zip. `mode` holds the permission bits only. */
export type ZipEntry = { readonly path: string; readonly mode: number; readonly bytes: Uint8Array };

/** Writes a zip of regular files, with their modes in the external attributes, in the order given. */
export type WriteZip = (entries: Iterable<ZipEntry>) => AsyncIterable<Uint8Array>;

export type LocalBundlerOptions = {
  readonly writeZip: WriteZip;
  /** The folder with the agent's files, ending in a slash. Default: the one beside this file. */
  readonly files?: URL;
  /** The certificate authority of the service's own certificate, PEM; sent along so that the agent trusts it. */
  readonly certificateAuthority?: string;
};

const SETUP = "azureml-setup";

/** Reads the agent's files at the first pack and keeps them; they are about 60 kB. */
export function createLocalBundler(options: LocalBundlerOptions): LocalBundler {
  const { writeZip, files = new URL("./files/", import.meta.url), certificateAuthority } = options;
  let agent: Promise<readonly ZipEntry[]> | undefined;
  return {
    async *pack(job) {
      agent ??= readAgent(files);
      const start = entry(PYTHON_START_NAME, 0o644, PYTHON_START);
      const entries = [...(await agent), start, entry("job.json", 0o600, jobText(job))];
      if (certificateAuthority !== undefined) entries.push(entry("ca.pem", 0o644, certificateAuthority));
      yield* writeZip(entries);
    },
  };
}

const readAgent = (files: URL): Promise<readonly ZipEntry[]> =>
  Promise.all(
    AGENT_FILES.map(async (path) => {
      const text = await readFile(new URL(path, files), "utf8");
      // The command processor of Windows misreads labels in files without carriage returns.
      const written = path.endsWith(".bat") ? text.replace(/\r?\n/g, "\r\n") : text;
      return entry(path, path.endsWith(".sh") ? 0o755 : 0o644, written);
    }),
  );

const entry = (path: string, mode: number, text: string): ZipEntry => ({
  path: `${SETUP}/${path}`,
  mode,
  bytes: new TextEncoder().encode(text),
});

/** The job as the agent reads it: each property named here, so that nothing else of a wider object goes along. */
function jobText(job: LocalJob): string {
  return JSON.stringify({
    serviceUrl: job.serviceUrl,
    scope: {
      subscriptionId: job.scope.subscriptionId,
      resourceGroup: job.scope.resourceGroup,
      workspace: job.scope.workspace,
    },
    experimentName: job.experimentName,
    runId: job.runId,
    dataContainerId: job.dataContainerId,
    token: job.token,
    tokenExpiresAt: job.tokenExpiresAt,
    snapshotId: job.snapshotId,
    script: job.script,
    command: job.command,
    besideProject: job.besideProject,
    arguments: job.arguments,
    interpreterPath: job.interpreterPath,
    build: job.build,
    environmentVariables: job.environmentVariables,
    maxRunDurationSeconds: job.maxRunDurationSeconds,
    only: job.only,
    log: job.log,
    outputCollection: job.outputCollection,
    directoriesToWatch: job.directoriesToWatch,
  } satisfies Record<keyof LocalJob, unknown>);
}
