// `malachite up`: starts the service in this process.
import { X509Certificate } from "node:crypto";
import type { Serving } from "@malachite/server";
import type { Command } from "commander";
import { UsageError } from "../errors/usageError.ts";
import type { Io } from "../io.ts";
import type { Frame } from "../program.ts";
import { createNotify } from "./notify.ts";

const LOOPBACK = /^(127(\.\d{1,3}){3}|\[::1\]|localhost)$/i;
const collect = (value: string, before: string[] = []): string[] => [...before, value];

/** Every setting of the service that is a flag; a test holds this list to the server's own table. */
const OPTIONS: readonly (readonly [flags: string, about: string, repeats?: "repeats"])[] = [
  ["--host <address>", "address to listen on (default 127.0.0.1); any other needs --issuer or --token"],
  ["--port <number>", "port to listen on (default 7464); 0 takes a free one and prints it"],
  ["--data <folder>", "the data folder (default ~/.malachite/data)"],
  [
    "--database <url>",
    "PostgreSQL for the records: postgres://USER@HOST/DATABASE (default: a file of --data)",
  ],
  ["--database-password-file <file>", "the password of its user (default: that of the URL, else PGPASSWORD)"],
  [
    "--target <name=kind>",
    "a further compute target, of kind process or container; '*=process' takes any name",
    "repeats",
  ],
  ["--machine <name>", "what other servers on the database call this machine (default: its host name)"],
  ["--runs-at-once <number>", "runs at work on this machine at once (default: its cores)"],
  ["--gpus <auto|none|number|ids>", "the GPUs that runs share (default auto: nvidia-smi is asked)"],
  ["--container-socket <path>", "the socket of Docker or Podman (default: DOCKER_HOST, or the usual ones)"],
  ["--container-image <name>", "the image of runs in containers that name none"],
  ["--container-volumes <folder>", "a folder that docker.arguments may show to a run", "repeats"],
  [
    "--container-privileges <true|false>",
    "whether docker.arguments may ask for rights on this machine (default false)",
  ],
  ["--blobs <place>", "where files are kept: folder (default), azure://ACCOUNT/CONTAINER or s3://BUCKET"],
  ["--blobs-endpoint <url>", "the address of that storage, when it is not Azure's or Amazon's own"],
  ["--blobs-region <region>", "the region of the bucket (default AWS_REGION, else us-east-1)"],
  ["--blobs-keys <file>", "a file of NAME=VALUE with what opens that storage (default: the environment)"],
  ["--blob-links <way>", "service (default), or direct: readers are sent on to that storage"],
  ["--blob-cache-bytes <number>", "how much of projects in it is kept here too (default 20000000000)"],
  ["--token <token>", "a bearer token of your own to accept", "repeats"],
  ["--msi-secret <text>", "what a caller of /msi/token must send where --token or --issuer is given"],
  ["--issuer <url>", "an OIDC issuer whose tokens are accepted; needs --audience"],
  ["--audience <text>", "the audience that a token of the issuer must have"],
  ["--jwks-uri <url>", "where the issuer's keys are, if its discovery document does not say"],
  ["--clock-skew-seconds <number>", "how far the issuer's clock may be off (default 60)"],
  ["--public-url <url>", "the address that clients use, when it is not the one listened on"],
  ["--tls-cert <file>", "a certificate of your own with its chain, PEM; needs --tls-key"],
  ["--tls-key <file>", "the key of that certificate, PEM, without a password"],
  ["--allow-host <name>", "a further Host name that requests may name", "repeats"],
  ["--allow-data-host <host>", "a private HOST or HOST:PORT where data of runs may be; * for all", "repeats"],
  [
    "--datastores <json>",
    "datastores of every workspace: NAME: {kind: s3 or folder, …}; better in --settings",
  ],
  [
    "--data-identity <account>",
    "an account of Azure Storage that datastores without a credential reach by the identity of this machine",
    "repeats",
  ],
  ["--data-root <folder>", "a folder below which a run may ask for its data by an absolute path", "repeats"],
  ["--allow-origin <origin>", "a further Origin whose pages may call the service", "repeats"],
  ["--workspace <subscription/group/name>", "a workspace that exists from the start", "repeats"],
  [
    "--workspaces-by-first-write <true|false>",
    "whether a write to an unknown workspace makes it (default true)",
  ],
  [
    "--retries <number>",
    "how often a run is started again that a power cut or the like has ended (default 0)",
  ],
  ["--system-metrics-seconds <number>", "how often it is measured what runs use, 0 for never (default 10)"],
  ["--grace-seconds <number>", "how long a canceled run may take to end after SIGTERM (default 10)"],
  ["--uv <program>", "the uv that builds environments (default: that of the PATH, else one is installed)"],
  ["--conda <program>", "what solves conda packages: micromamba, mamba, conda, or the word rattler"],
  ["--conda-channels <name=url>", "where a conda channel is; '*=URL' stands for all others", "repeats"],
  ["--package-index <url>", "the index that pip packages come from (default: this machine's, else PyPI)"],
  ["--python-downloads <true|false>", "whether uv may fetch a python that this machine lacks (default true)"],
  ["--environment-bytes <number>", "how much built environments may take (default 20000000000)"],
  ["--environment-build-minutes <number>", "the longest that building one may take (default 60)"],
  ["--metrics-port <number>", "a port on which /metrics tells Prometheus about the service (default: none)"],
  ["--metrics-host <address>", "address of that port (default 127.0.0.1)"],
  ["--traces-endpoint <url>", "where traces go by OTLP (default: OTEL_EXPORTER_OTLP_ENDPOINT, else nowhere)"],
  ["--traces-percent <number>", "how many of the traces that begin here are kept (default 100)"],
  [
    "--quota <of.what=number>",
    "a limit on runs, as user.unfinishedRuns=10 or user.keptBytes=500GB",
    "repeats",
  ],
  ["--retention <json>", "how long runs and files are kept, a list of policies; better in --settings"],
  ["--retention-project-days <number>", "projects that no run names go after so many days (default: never)"],
  ["--retention-hours <number>", "how often what these let go is removed (default 24)"],
  ["--request-log <true|false>", "whether a line is logged for each request (default false)"],
  [
    "--operator <object-id>",
    "a user of the issuer who may drain the service, read its audit log and the like",
    "repeats",
  ],
  ["--audit-bytes <number>", "how much the audit log may take (default 1000000000)"],
  ["--log-level <level>", "what is written to stderr: info, warn, error or silent (default warn)"],
  ["--settings <file>", "a YAML file with any of these settings; flags and variables win over it"],
];

/** Adds the options and the action. */
export function define(command: Command, io: Io, frame: Frame): void {
  for (const [flags, about, repeats] of OPTIONS)
    if (repeats === undefined) command.option(flags, about);
    else command.option(flags, `${about}; may be repeated`, collect);
  command
    .addHelpText(
      "after",
      `
Each setting may also be a variable: MALACHITE_PORT, MALACHITE_RUNS_AT_ONCE and so on.
Stop it with Ctrl-C: runs go on, and the next start finds them.

Examples:
  malachite up
  malachite up --port 0 --data /srv/malachite
  malachite up --target cpu-cluster=process --target gpu-cluster=process
  malachite up --host 0.0.0.0 --token "$(openssl rand -hex 32)"`,
    )
    .action(async (flags: Record<string, unknown>) => up(flags, io, frame));
}

async function up(flags: Record<string, unknown>, io: Io, frame: Frame): Promise<void> {
  await using serving = await startService(flags, io);
  frame.endpoint = serving.url;
  const { settings, url, authority } = serving;
  await io.out(`Malachite takes work at ${url}\n`);
  io.say(`in a browser: ${url}/ui/`);
  io.say(`data folder: ${settings.data}`);
  if (settings.issuer === undefined && settings.token.length === 0) io.say("token on this machine: dev");
  if (!LOOPBACK.test(settings.host))
    io.say(`certificate authority, SHA-256: ${new X509Certificate(authority).fingerprint256}`);
  io.say("Try: malachite submit examples/train      Stop: Ctrl-C");
  if (process.platform !== "win32") process.on("SIGUSR2", () => serving.turnLog());
  const notify = createNotify(io.env);
  // Listened for before anybody is told: who hears that it is ready may stop it at once.
  const ended = Promise.race([untilStopped().then(() => "asked"), serving.drained.then(() => "drained")]);
  await notify("READY=1", `STATUS=Takes work at ${url}`);
  const why = await ended;
  await notify("STOPPING=1");
  io.say(
    why === "drained"
      ? "Drained: no run is left in its hands. Stopping."
      : "Stopping. Runs go on, and the next start finds them.",
  );
}

/** Starts the service in this process. Throws UsageError for wrong settings, MalachiteError for a data folder that is in use. */
export async function startService(flags: Record<string, unknown>, io: Io): Promise<Serving> {
  const { serve } = await import("@malachite/server");
  try {
    return await serve({ flags, env: io.env });
  } catch (error) {
    // All that can be invalid at a start is the settings.
    const wrong = error instanceof Error && "kind" in error && error.kind === "invalid";
    throw wrong ? new UsageError(error.message, { cause: error }) : error;
  }
}

/** Resolves when the process is asked to end. A second request ends it at once. */
export function untilStopped(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let asked = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.on(signal, () => {
      if (asked) process.exit(1);
      asked = true;
      resolve();
    });
  // A terminal that is closed must not take the service with it in the middle of a write.
  process.once("SIGHUP", () => resolve());
  return promise;
}
