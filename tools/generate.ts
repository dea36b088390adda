// `npm run generate` writes the files that are made from others; `--check` only compares and fails when one is stale.
import "./needNode.js";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { errorsPage } from "./generate/errorsPage.ts";

/** A file, and how its text is made. `from` is a module that may still be missing while its package is being written. */
type Generator = {
  readonly file: string;
  readonly from?: string;
  readonly make: () => string | Promise<string>;
};

const root = new URL("..", import.meta.url);
const load = (path: string): Promise<Record<string, unknown>> => import(new URL(path, root).href);

const OPENAPI = "packages/contract/tools/openapi.ts";
const CLIENT_API = "packages/client/tools/api.ts";

const GENERATORS: readonly Generator[] = [
  { file: "docs/errors.md", make: errorsPage },
  {
    file: "packages/contract/openapi.json",
    from: OPENAPI,
    make: async () => {
      const { openApiDocument } = (await load(OPENAPI)) as { openApiDocument: () => object };
      return `${JSON.stringify(openApiDocument(), null, 2)}\n`;
    },
  },
  {
    file: "packages/client/api.md",
    from: CLIENT_API,
    make: async () => {
      const { generateApi } = (await load(CLIENT_API)) as { generateApi: () => string | Promise<string> };
      return generateApi();
    },
  },
];

const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });
let stale = 0;
for (const { file, from, make } of GENERATORS) {
  if (from !== undefined && !existsSync(new URL(from, root))) {
    console.error(`✖ ${file}: its generator ${from} is missing`);
    stale++;
    continue;
  }
  const made = await make();
  const path = fileURLToPath(new URL(file, root));
  const there = existsSync(path) ? readFileSync(path, "utf8") : undefined;
  if (there?.replaceAll("\r\n", "\n") === made) {
    console.log(`✔ ${file}`);
  } else if (values.check) {
    console.error(`✖ ${file} is ${there === undefined ? "missing" : "stale"}: run npm run generate`);
    stale++;
  } else {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, made);
    console.log(`✔ ${file} written`);
  }
}
process.exitCode = stale > 0 ? 1 : 0;
