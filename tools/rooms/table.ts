// Who may import what, as data. The reasons are in docs/architecture.md; check.ts holds the code to this table.

/** A room is a folder; a file lives in the room with the longest `at` that its path starts with. */
export type Room = {
  readonly name: string;
  readonly at: string;
  /** Rooms it may import beside itself. */
  readonly may: readonly string[];
  /** Whether it may import `node:*`. */
  readonly node: boolean;
  /** Whether it may import files that a package does not export: it looks inside on purpose. */
  readonly deep?: boolean;
  /** Global names that no line here may use, each with the reason. */
  readonly never?: Readonly<Record<string, string>>;
};

const NO_ENV = { "process.env": "only server/src/settings.ts and the CLI read the environment" };
const NO_NODE = {
  "process.*": "this room also runs where there is no process",
  "Buffer.*": "this room also runs in a browser; use Uint8Array",
};
const NO_WORLD = {
  ...NO_NODE,
  "new Date()": "time comes from the Clock port",
  "Date.now": "time comes from the Clock port",
  "performance.*": "time comes from the Clock port",
  "Math.random": "chance comes from a port",
  "console.*": "the log is a port",
  fetch: "core does no I/O",
  setTimeout: "time comes from the Clock port",
  setInterval: "time comes from the Clock port",
  setImmediate: "time comes from the Clock port",
};

const ALL_CORE = ["core/domain", "core/ports", "core/flow"];
const ALL_SERVER = [
  "server",
  "server/files",
  "server/containers",
  "server/settings",
  "server/adapters",
  "server/http",
  "server/auth",
];

export const ROOMS: readonly Room[] = [
  { name: "contract", at: "packages/contract/src/", may: [], node: false, never: NO_WORLD },
  { name: "contract/tools", at: "packages/contract/", may: ["contract"], node: true },

  { name: "core/domain", at: "packages/core/src/domain/", may: ["contract"], node: false, never: NO_WORLD },
  {
    name: "core/ports",
    at: "packages/core/src/ports/",
    may: ["contract", "core/domain"],
    node: false,
    never: NO_WORLD,
  },
  {
    name: "core/flow",
    at: "packages/core/src/flow/",
    may: ["contract", "core/domain", "core/ports"],
    node: false,
    never: NO_WORLD,
  },
  { name: "core", at: "packages/core/src/", may: ALL_CORE, node: false, never: NO_WORLD },

  {
    name: "server/adapters",
    at: "packages/server/src/adapters/",
    may: ["contract", "core/domain", "core/ports", "server/files", "server/containers"],
    node: true,
    never: NO_ENV,
  },
  // What several adapters know about files, paths and memory of this machine; nothing of the service.
  { name: "server/files", at: "packages/server/src/files/", may: ["core/domain"], node: true, never: NO_ENV },
  // What adapters know about the engine that runs containers on this machine: where it is, how it is asked.
  {
    name: "server/containers",
    at: "packages/server/src/containers/",
    may: ["core/domain"],
    node: true,
    never: NO_ENV,
  },
  {
    name: "server/http",
    at: "packages/server/src/http/",
    may: ["contract", "core/domain", "core/flow", "server/auth"],
    node: true,
    never: NO_ENV,
  },
  {
    name: "server/auth",
    at: "packages/server/src/http/auth/",
    may: ["contract", "core/domain", "core/ports", "core/flow"],
    node: true,
    never: NO_ENV,
  },
  {
    name: "server/settings",
    at: "packages/server/src/settings",
    may: ["contract", "core/domain", "core/ports"],
    node: true,
  },
  {
    name: "server",
    at: "packages/server/src/",
    may: ["contract", ...ALL_CORE, ...ALL_SERVER],
    node: true,
    never: NO_ENV,
  },
  {
    name: "server/conformance",
    at: "packages/server/conformance/",
    may: ["contract", ...ALL_CORE, ...ALL_SERVER],
    node: true,
  },

  { name: "client", at: "packages/client/src/", may: ["contract"], node: false, never: NO_NODE },
  {
    name: "client/node",
    at: "packages/client/src/node/",
    may: ["contract", "client"],
    node: true,
    never: NO_ENV,
  },
  { name: "client/tools", at: "packages/client/", may: ["contract", "client", "client/node"], node: true },

  // upCommand.ts alone starts the server, backupCommand.ts and movingCommand.ts copy its stores; ONLY_HERE below holds it to that.
  {
    name: "cli",
    at: "packages/cli/",
    may: ["contract", "client", "client/node", "server", "server/settings"],
    node: true,
  },

  {
    name: "tools",
    at: "tools/",
    may: ["contract", "contract/tools", "client/tools", "server/http", ...ALL_CORE],
    node: true,
    deep: true,
  },
  {
    name: "e2e",
    at: "e2e/",
    may: ["contract", ...ALL_CORE, "client", "client/node", "server", "server/conformance", "tools"],
    node: true,
  },
  {
    name: "bench",
    at: "bench/",
    may: ["contract", ...ALL_CORE, ...ALL_SERVER, "client", "client/node", "server/conformance", "e2e"],
    node: true,
    deep: true,
  },
  { name: "web", at: "packages/web/src/", may: ["client"], node: false, never: NO_NODE },
  { name: "web/build", at: "packages/web/", may: [], node: true },
  { name: "examples", at: "examples/", may: ["contract", "client", "client/node"], node: true },
];

/** The rooms which each workspace package shows to others, by the specifier they import. */
export const PACKAGES: Readonly<Record<string, { readonly entry: string }>> = {
  "@malachite/contract": { entry: "packages/contract/src/index.ts" },
  "@malachite/core": { entry: "packages/core/src/index.ts" },
  "@malachite/server": { entry: "packages/server/src/index.ts" },
  "@malachite/server/conformance": { entry: "packages/server/conformance/index.ts" },
  "@malachite/client": { entry: "packages/client/src/index.ts" },
  "@malachite/client/node": { entry: "packages/client/src/node/index.ts" },
};

/** Third-party packages and the only places that may import them. A place is the start of a path. */
export const THIRD_PARTY: Readonly<Record<string, readonly string[]>> = {
  typebox: ["packages/contract/"],
  fastify: ["packages/server/src/http/"],
  "@fastify/multipart": ["packages/server/src/http/"],
  kysely: ["packages/server/src/adapters/records/"],
  pg: ["packages/server/src/adapters/records/postgres/"],
  "@peculiar/x509": ["packages/server/src/adapters/tls/"],
  "reflect-metadata": ["packages/server/src/adapters/tls/"],
  dockerode: ["packages/server/src/containers/"],
  "@kubernetes/client-node": ["packages/server/src/adapters/compute/kubernetes/"],
  ssh2: ["packages/server/src/adapters/compute/ssh/"],
  jose: ["packages/server/src/http/auth/"],
  "prom-client": ["packages/server/src/telemetry/metrics/"],
  "@opentelemetry/api": ["packages/server/src/telemetry/traces/"],
  "@opentelemetry/resources": ["packages/server/src/telemetry/traces/"],
  "@opentelemetry/sdk-trace": ["packages/server/src/telemetry/traces/"],
  "@opentelemetry/exporter-trace-otlp-http": ["packages/server/src/telemetry/traces/"],
  "@azure/identity": ["packages/server/src/adapters/shared/azureIdentity.ts"],
  "@azure/storage-blob": [
    "packages/server/src/adapters/blobs/objects/azureDelegation.ts",
    "packages/server/src/adapters/data/storages/azureStorage.ts",
    "packages/server/src/adapters/blobs/objects/azureObjects.ts",
    "packages/server/conformance/dataCarrier",
    "packages/server/conformance/storagesUnderTest.ts",
    "packages/server/conformance/objectStoragesUnderTest.ts",
  ],
  "@aws-sdk/client-s3": [
    "packages/server/src/adapters/data/storages/s3Storage.ts",
    "packages/server/src/adapters/blobs/objects/s3Objects.ts",
  ],
  "@aws-sdk/s3-request-presigner": ["packages/server/src/adapters/blobs/objects/s3Objects.ts"],
  yaml: ["packages/server/src/settings", "packages/cli/"],
  commander: ["packages/cli/"],
  "cli-progress": ["packages/cli/"],
  yazl: ["packages/client/src/node/"],
  ignore: ["packages/client/src/node/"],
  "@azure/abort-controller": ["packages/client/src/"],
  "@azure/core-auth": ["packages/client/src/"],
  "@azure/core-paging": ["packages/client/src/"],
  "@azure/core-rest-pipeline": ["packages/client/src/"],
  "@fastify/static": ["packages/server/src/http/"],
  rolldown: ["tools/", "packages/server/conformance/bundledRecords.ts"],
  "playwright-core": ["e2e/"],
  "axe-core": ["e2e/web/"],
  vite: ["packages/web/"],
  "@vitejs/plugin-react": ["packages/web/"],
  react: ["packages/web/src/"],
  "react-dom": ["packages/web/src/"],
  "@tanstack/react-query": ["packages/web/src/"],
  "@tanstack/react-router": ["packages/web/src/"],
  "@tanstack/react-virtual": ["packages/web/src/"],
  "radix-ui": ["packages/web/src/"],
  cmdk: ["packages/web/src/"],
  diff: ["packages/web/src/pages/compare/"],
  fflate: ["packages/web/src/pages/start/"],
  anser: ["packages/web/src/pages/run/logs/"],
  papaparse: ["packages/web/src/pages/run/files/"],
  "lucide-react": ["packages/web/src/"],
  "react-markdown": ["packages/web/src/"],
  uplot: ["packages/web/src/"],
};

/** Third-party packages that any test may import. */
export const TEST_PACKAGES: readonly string[] = ["fast-check"];

/** Imports that are allowed in these files alone. */
export const ONLY_HERE: Readonly<
  Record<string, { readonly in: string; readonly importers: readonly string[] }>
> = {
  "@malachite/server": {
    in: "packages/cli/",
    importers: [
      "packages/cli/src/commands/upCommand.ts",
      "packages/cli/src/commands/targetAdd.ts",
      "packages/cli/src/commands/backupCommand.ts",
      "packages/cli/src/commands/movingCommand.ts",
      "packages/cli/src/commands/stores.ts",
    ],
  },
};

/** Folders of adapters that are one adapter each, beside `shared`, which all in the parent may use. */
export const ADAPTERS_BY_SUBFOLDER: readonly string[] = ["compute"];

/** What all of those may use: `courier` is what engines share whose machines see nothing of the service's. */
export const SHARED_PARTS: readonly string[] = ["shared", "courier"];

/** Types of ports that flow's own interface speaks of, so whoever may call flow may name them. */
export const COMMON_PORT_TYPES: readonly string[] = [
  "AuditedAct",
  "AuditLog",
  "BlobAddress",
  "BlobDigests",
  "BlobFacts",
  "BlobInfo",
  "Block",
  "BlockChoice",
  "LinkHeaders",
  "OpenBlob",
  "Clock",
  "Experiment",
  "Log",
  "Snapshot",
  "Upload",
];
