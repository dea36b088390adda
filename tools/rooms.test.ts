// Every import of the repository against the table of rooms, and the check itself against samples that break it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { checkRooms, type Manifests } from "./rooms/check.ts";
import { PACKAGES, ROOMS, THIRD_PARTY } from "./rooms/table.ts";
import { findFiles, parseSource, readSources } from "./source/read.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

function readManifests(): Manifests {
  const paths = ["package.json", ...findFiles(root, ["packages/*/package.json"])];
  return Object.fromEntries(
    paths.map((path) => [
      path.replace("package.json", ""),
      JSON.parse(readFileSync(`${root}/${path}`, "utf8")),
    ]),
  );
}

test("every import keeps to its room", () => {
  const sources = readSources(root);
  assert.ok(sources.length > 20, "the sources were not found");
  const broken = checkRooms(sources, readManifests());
  assert.equal(broken.length, 0, `\n${broken.join("\n")}\n`);
});

test("every dependency of a package has a place in the table", () => {
  for (const [folder, manifest] of Object.entries(readManifests()))
    for (const name of Object.keys(manifest.dependencies ?? {}))
      assert.ok(
        name.startsWith("@malachite/") || name in THIRD_PARTY,
        `${folder}package.json depends on ${name}, which has no place in tools/rooms/table.ts`,
      );
});

test("the table names rooms and packages that can be", () => {
  const names = new Set(ROOMS.map((room) => room.name));
  for (const room of ROOMS)
    for (const name of room.may) assert.ok(names.has(name), `${room.name} may import ${name}`);
  const exported = findFiles(root, ["packages/*/package.json"]).flatMap((path) => {
    const { name, exports } = JSON.parse(readFileSync(`${root}/${path}`, "utf8"));
    return Object.keys(exports ?? {}).map((key) => `${name}${key.slice(1)}`);
  });
  assert.deepEqual(Object.keys(PACKAGES).sort(), exported.sort());
});

const MANIFESTS: Manifests = {
  "packages/contract/": { dependencies: { typebox: "1" } },
  "packages/core/": { dependencies: { "@malachite/contract": "1" } },
  "packages/server/": {
    dependencies: {
      "@malachite/contract": "1",
      "@malachite/core": "1",
      fastify: "1",
      kysely: "1",
      jose: "1",
    },
  },
  "packages/client/": { dependencies: { "@malachite/contract": "1", yazl: "1" } },
  "packages/cli/": { devDependencies: { "@malachite/client": "1", "@malachite/server": "1" } },
};
const CORE = {
  "packages/core/src/index.ts": `export * from "./domain/run.ts"; export * from "./ports/index.ts"; export { go } from "./flow/go.ts";`,
  "packages/core/src/domain/run.ts": "export type Run = { a: 1 }; export const next = 1;",
  "packages/core/src/ports/index.ts": `export type * from "./runStore.ts";`,
  "packages/core/src/ports/runStore.ts": `import type { Run } from "../domain/run.ts"; export interface RunStore { r: Run }`,
  "packages/core/src/flow/go.ts": `import type { RunStore } from "../ports/index.ts"; export const go = (s: RunStore) => s;`,
  "packages/contract/src/index.ts": "export const wire = 1;",
};

function broken(path: string, text: string): string[] {
  const all = { ...CORE, [path]: text };
  return checkRooms(
    Object.entries(all).map(([name, source]) => parseSource(name, source)),
    MANIFESTS,
  );
}

const GOOD: readonly [path: string, text: string][] = [
  [
    "packages/core/src/domain/a.ts",
    `import type { wire } from "@malachite/contract"; export const a = new Date(5);`,
  ],
  [
    "packages/server/src/adapters/records/a.ts",
    `import { type Run, type RunStore } from "@malachite/core"; import "kysely";`,
  ],
  [
    "packages/server/src/http/a.ts",
    `import { go, next } from "@malachite/core"; import "fastify"; import "node:http";`,
  ],
  [
    "packages/server/src/compose.ts",
    `import "./http/a.ts"; import "./adapters/records/a.ts"; import { go } from "@malachite/core";`,
  ],
  [
    "packages/server/src/adapters/compute/slurm/a.ts",
    `import "../shared/b.ts"; import "./c.ts"; import "../../shared/d.ts";`,
  ],
  [
    "packages/server/src/adapters/records/a.test.ts",
    `import "fast-check"; import "node:test"; import "../../http/a.ts";`,
  ],
  ["packages/core/src/domain/a.test.ts", `import "node:assert/strict"; const t = Date.now();`],
  ["packages/client/src/node/a.ts", `import "yazl"; import "node:fs"; import "../b.ts";`],
  ["packages/cli/src/commands/upCommand.ts", `const s = await import("@malachite/server");`],
  ["packages/client/src/c.ts", `const { process } = globalThis; process?.on("x");`],
  ["packages/core/src/domain/b.ts", "export const f = (o: { fetch(): 1 }) => o.fetch();"],
];
for (const [path, text] of GOOD)
  test(`allowed: ${path}: ${text}`, () => {
    assert.deepEqual(broken(path, text), []);
  });

const BAD: readonly [path: string, text: string, says: RegExp][] = [
  ["packages/core/src/domain/a.ts", `import "node:fs";`, /a\.ts:1: core\/domain may not import node:fs/],
  [
    "packages/core/src/domain/a.ts",
    `\nimport type { RunStore } from "../ports/runStore.ts";`,
    /a\.ts:2: core\/domain may not import .*core\/ports/,
  ],
  [
    "packages/core/src/domain/a.ts",
    `export const t = () => Date.now();`,
    /may not use Date\.now: time comes from/,
  ],
  ["packages/core/src/domain/a.ts", `export const t = () => new Date();`, /may not use new Date\(\)/],
  ["packages/core/src/flow/a.ts", `export const t = () => setTimeout(f, 1);`, /may not use setTimeout/],
  [
    "packages/core/src/flow/a.ts",
    `import { x } from "typebox";`,
    /typebox is imported only in packages\/contract\//,
  ],
  ["packages/core/src/flow/a.ts", `import { x } from "lodash";`, /lodash has no place in the table/],
  [
    "packages/core/src/ports/a.ts",
    `import { go } from "../flow/go.ts";`,
    /core\/ports may not import .*core\/flow/,
  ],
  [
    "packages/contract/src/a.ts",
    `import type { Run } from "@malachite/core";`,
    /contract may not import Run of @malachite\/core.*core\/domain/,
  ],
  [
    "packages/server/src/adapters/records/a.ts",
    `import { go } from "@malachite/core";`,
    /server\/adapters may not import go of @malachite\/core, which is in core\/flow/,
  ],
  [
    "packages/server/src/adapters/records/a.ts",
    `import type { Run } from "@malachite/core/src/domain/run.ts";`,
    /is not exported by its package/,
  ],
  [
    "packages/server/src/adapters/records/a.ts",
    `import { x } from "../blobs/b.ts";`,
    /another adapter \(blobs\)/,
  ],
  [
    "packages/server/src/adapters/compute/slurm/a.ts",
    `import { x } from "../process/b.ts";`,
    /another adapter \(compute\/process\)/,
  ],
  [
    "packages/server/src/adapters/compute/shared/a.ts",
    `import { x } from "../process/b.ts";`,
    /another adapter \(compute\/process\)/,
  ],
  ["packages/server/src/adapters/records/a.ts", `const e = process.env.HOME;`, /may not use process\.env/],
  [
    "packages/server/src/adapters/records/a.ts",
    `import "fastify";`,
    /fastify is imported only in packages\/server\/src\/http\//,
  ],
  [
    "packages/server/src/http/a.ts",
    `import { x } from "../adapters/records/b.ts";`,
    /server\/http may not import .*server\/adapters/,
  ],
  [
    "packages/server/src/http/a.ts",
    `import "@fastify/multipart";`,
    /@fastify\/multipart is not declared in packages\/server\/package\.json/,
  ],
  ["packages/server/src/http/a.ts", `const q = await import("kysely");`, /kysely is imported only/],
  ["packages/server/src/http/a.ts", `type Q = import("kysely").Kysely;`, /kysely is imported only/],
  ["packages/server/src/http/a.ts", `export { x } from "../compose.ts";`, /server\/http may not import/],
  ["packages/client/src/a.ts", `import "node:fs";`, /client may not import node:fs/],
  ["packages/client/src/a.ts", `import "./node/b.ts";`, /client may not import .*client\/node/],
  ["packages/client/src/a.ts", `const b = Buffer.from("x");`, /may not use Buffer\.from/],
  [
    "packages/client/src/node/a.ts",
    `import type { Run } from "@malachite/core";`,
    /client\/node may not import Run/,
  ],
  [
    "packages/cli/src/a.ts",
    `import "@malachite/server";`,
    /imported in packages\/cli\/src\/commands\/upCommand\.ts and .*targetAdd\.ts /,
  ],
  ["packages/cli/src/a.ts", `import { x } from "../../client/src/b.ts";`, /reaches into another package/],
  ["packages/cli/src/a.ts", `import { x } from "../../../tools/b.ts";`, /leaves the package/],
  ["packages/core/src/flow/b.ts", `import { x } from "./c.test.ts";`, /belongs to tests/],
  ["packages/new/src/a.ts", "export const x = 1;", /no room of the table holds this file/],
];
for (const [path, text, says] of BAD)
  test(`refused: ${path}: ${text.trim()}`, () => {
    assert.match(broken(path, text).join("\n"), says);
  });
