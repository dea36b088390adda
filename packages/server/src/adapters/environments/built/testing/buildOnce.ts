// A service that builds one environment, to be killed: `node buildOnce.ts FOLDER ASK UV`.
import { createBuiltEnvironments } from "../builtEnvironments.ts";

const [folder = "", ask = "", uv = ""] = process.argv.slice(2);
const builder = createBuiltEnvironments({
  folder,
  env: process.env,
  path: process.env.PATH ?? "",
  uv,
  conda: undefined,
  condaChannels: [],
  packageIndex: undefined,
  pythonDownloads: false,
  limitBytes: 1e12,
  buildMs: 300_000,
  files: new URL("../files/", import.meta.url),
  now: Date.now,
  inUse: async () => new Set(),
});
await builder.prepare(JSON.parse(ask), async () => {}, new AbortController().signal);
