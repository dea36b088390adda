// A service that builds one environment, to be killed: `node buildOnce.ts FOLDER ASK UV`.
import { createBuiltEnvironments } from "../builtEnvironments.ts";
import { builderOptions } from "./builder.ts";

const [folder = "", ask = "", uv = ""] = process.argv.slice(2);
const builder = createBuiltEnvironments({ ...builderOptions(folder), uv });
await builder.prepare(JSON.parse(ask), async () => {}, new AbortController().signal);
