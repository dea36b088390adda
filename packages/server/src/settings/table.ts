// Every setting that a person can give: its kind, its limits, and a line that says what it is for.

type Kind =
  | "text"
  | "number"
  | "boolean"
  | "list"
  | "targets"
  | "datastores"
  | "retention"
  | "level"
  | "gpus";
/** One setting: what its values look like, and a line for people. */
export type Entry = {
  readonly kind: Kind;
  readonly about: string;
  readonly least?: number;
  readonly most?: number;
};

/** Every setting that a person can give. The flag is `--name-in-kebab-case`, the variable `MALACHITE_NAME_IN_CAPITALS`. */
export const SETTINGS = {
  host: {
    kind: "text",
    about: "Address to listen on. Default 127.0.0.1; any other needs an issuer or a token.",
  },
  port: {
    kind: "number",
    about: "Port to listen on; 0 takes a free one. Default 7464.",
    least: 0,
    most: 65_535,
  },
  data: { kind: "text", about: "The data folder. Default ~/.malachite/data." },
  database: {
    kind: "text",
    about:
      "PostgreSQL for the records: postgres://USER@HOST/DATABASE?schema=NAME. Default: a file of the data folder.",
  },
  machine: {
    kind: "text",
    about:
      "With several servers on one database: the name of the machine that this one is on. Default: its host name.",
  },
  databasePasswordFile: {
    kind: "text",
    about: "A file with the password of the database's user. Default: that of the URL, else PGPASSWORD.",
  },
  blobs: {
    kind: "text",
    about:
      "Where files are kept: folder (the data folder), azure://ACCOUNT/CONTAINER[/PREFIX] or s3://BUCKET[/PREFIX]. Default folder.",
  },
  blobsEndpoint: {
    kind: "text",
    about: "The address of the object storage, when it is not Azure's or Amazon's own.",
  },
  blobsRegion: { kind: "text", about: "The region of the bucket. Default AWS_REGION, else us-east-1." },
  blobsKeys: {
    kind: "text",
    about:
      "A file with what opens the object storage, as lines of NAME=VALUE: AZURE_STORAGE_KEY and the like, AWS_ACCESS_KEY_ID and the like. Default: the environment, then the identity of this machine.",
  },
  blobLinks: {
    kind: "text",
    about:
      "service: files are read through the service. direct: who reads one is sent on to the object storage by a signed link. Default service.",
  },
  blobCacheBytes: {
    kind: "number",
    about: "How much of projects in an object storage is kept on this machine too. Default 20000000000.",
    least: 0,
  },
  token: { kind: "list", about: "Tokens of the operator's own, accepted as bearer tokens." },
  msiSecret: {
    kind: "text",
    about: "What a caller must send to get a token of the service's own, where callers are to be known.",
  },
  issuer: { kind: "text", about: "URL of an OIDC issuer whose tokens are accepted." },
  audience: { kind: "text", about: "The audience a token of the issuer must have. Needed with issuer." },
  jwksUri: { kind: "text", about: "Where the issuer's keys are, if its discovery document does not say." },
  clockSkewSeconds: {
    kind: "number",
    about: "How far the issuer's clock may be off. Default 60.",
    least: 0,
    most: 3600,
  },
  publicUrl: {
    kind: "text",
    about: "The address clients use, when it is not the one listened on (behind a proxy).",
  },
  tlsCert: {
    kind: "text",
    about: "A certificate of your own, PEM, with its chain. Default: one of the data folder's own authority.",
  },
  tlsKey: { kind: "text", about: "The key of that certificate, PEM. Needed with tlsCert." },
  allowHost: { kind: "list", about: "Further Host names that requests may name." },
  allowOrigin: { kind: "list", about: "Further Origins whose pages may call the service." },
  target: {
    kind: "targets",
    about:
      "Compute targets: NAME=process or NAME=container; '*=process' takes any name. `local` always exists.",
  },
  runsAtOnce: {
    kind: "number",
    about: "How many runs may be at work on this machine at once. Default: its cores.",
    least: 1,
    most: 100_000,
  },
  gpus: {
    kind: "gpus",
    about:
      "The GPUs of this machine that runs share: auto (asks nvidia-smi), none, how many, or their numbers joined by commas. Default auto.",
  },
  containerSocket: {
    kind: "text",
    about:
      "The socket of Docker or Podman on this machine. Default: DOCKER_HOST, else the first of the usual ones that is there.",
  },
  containerImage: {
    kind: "text",
    about: "The image of runs in containers whose definition and target name none.",
  },
  containerVolumes: {
    kind: "list",
    about: "Folders of this machine that docker.arguments may show to a run by --volume.",
  },
  containerPrivileges: {
    kind: "boolean",
    about:
      "Whether docker.arguments may hold --privileged, --cap-add, --device and --security-opt. Default false.",
  },
  workspacesByFirstWrite: {
    kind: "boolean",
    about: "Whether a write to an unknown workspace makes it. Default true.",
  },
  workspace: { kind: "list", about: "Workspaces that exist from the start: SUBSCRIPTION/GROUP/NAME." },
  graceSeconds: {
    kind: "number",
    about: "How long a canceled run may take to end after SIGTERM. Default 10.",
    least: 0,
    most: 3600,
  },
  uv: {
    kind: "text",
    about: "The uv that builds environments. Default: that of the PATH, else one installed at first need.",
  },
  conda: {
    kind: "text",
    about:
      "What solves conda packages: a micromamba, mamba or conda, or the word rattler. Default: that of the PATH, else py-rattler, installed at first need.",
  },
  condaChannels: {
    kind: "list",
    about: "Where conda channels are: NAME=URL; '*=URL' stands for all others. Default: anaconda.org.",
  },
  packageIndex: {
    kind: "text",
    about: "The index that pip packages come from. Default: that of uv and pip on this machine, else PyPI.",
  },
  pythonDownloads: {
    kind: "boolean",
    about: "Whether uv may fetch a python of a version that this machine lacks. Default true.",
  },
  environmentBytes: {
    kind: "number",
    about: "How much built environments may take; those used longest ago go first. Default 20000000000.",
    least: 0,
  },
  environmentBuildMinutes: {
    kind: "number",
    about: "The longest that building one environment may take. Default 60.",
    least: 1,
    most: 10_080,
  },
  retries: {
    kind: "number",
    about:
      "How often a run is started again whose process is gone without an exit record, as after a power cut. Its script may have had effects, so the default is 0.",
    least: 0,
    most: 100,
  },
  datastores: {
    kind: "datastores",
    about:
      "Datastores of every workspace, in the settings file or as JSON: NAME: {kind: s3, bucket, …} or {kind: folder, path}.",
  },
  allowDataHost: {
    kind: "list",
    about:
      "Hosts at private addresses, HOST or HOST:PORT, that registered datastores and data of runs may name; * for all.",
  },
  dataIdentity: {
    kind: "list",
    about:
      "Accounts of Azure Storage, by name or https address, that registered datastores without a credential reach by the identity of this machine; for all users of the service.",
  },
  dataRoot: {
    kind: "list",
    about: "Folders of this machine below which a run may ask for its data by an absolute path.",
  },
  systemMetricsSeconds: {
    kind: "number",
    about: "How often the CPU, memory, disk and GPU that a run uses are measured; 0 for never. Default 10.",
    least: 0,
    most: 3600,
  },
  metricsPort: {
    kind: "number",
    about: "Port on which /metrics tells Prometheus about the service; 0 takes a free one. Default: none.",
    least: 0,
    most: 65_535,
  },
  metricsHost: { kind: "text", about: "Address of that port, open to all who reach it. Default 127.0.0.1." },
  tracesEndpoint: {
    kind: "text",
    about:
      "Where traces are sent by OTLP over HTTP, as http://collector:4318. Default: OTEL_EXPORTER_OTLP_ENDPOINT, else nowhere.",
  },
  tracesPercent: {
    kind: "number",
    about: "How many of the traces that begin here are kept. Default 100.",
    least: 0,
    most: 100,
  },
  quota: {
    kind: "list",
    about:
      "What a workspace may have: workspace.unfinishedRuns=N, runsPerMinute, and at work at once runningRuns, nodes, gpus; keptBytes=N (or 500GB) of files of runs; user.… for each user in a workspace. Default: no limit.",
  },
  retention: {
    kind: "retention",
    about:
      "A list of policies, which say how long runs and their files are kept: {workspace, experiment, keepDays, keepBytes, unlessTag, onlyTag, remove: files or run}. Default: for ever.",
  },
  retentionProjectDays: {
    kind: "number",
    about: "Projects that no run names and nobody asks for go after so many days. Default: never.",
    least: 2,
  },
  retentionHours: {
    kind: "number",
    about: "How often the service itself removes what the policies of retention let go. Default 24.",
    least: 1,
    most: 8760,
  },
  requestLog: {
    kind: "boolean",
    about: "Whether a line is logged for each request: who, what, the answer, how long. Default false.",
  },
  operator: {
    kind: "list",
    about:
      "Object ids of users of the issuer who may drain the service, read its audit log and the like, beside those with a token of the operator's own.",
  },
  auditBytes: {
    kind: "number",
    about: "How much the audit log may take; its oldest entries go first. Default 1000000000.",
    least: 200_000_000,
  },
  logLevel: {
    kind: "level",
    about: "What the service writes to stderr: info, warn, error or silent. Default warn.",
  },
} as const satisfies Record<string, Entry>;
