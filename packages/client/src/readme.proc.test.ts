// Every example of the README compiles, strictly, against the package as it is.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "../test/temporaryFolder.ts";

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

test("the examples of the README compile", () => {
  const examples = [...readFileSync(path("../README.md"), "utf8").matchAll(/^```ts\n([\s\S]*?)^```$/gm)];
  assert.ok(examples.length >= 3, "the README has no examples");
  using folder = temporaryFolder();
  const files = examples.map(([, text], i) => folder.write(`example${i}.mts`, text));
  const config = folder.write(
    "tsconfig.json",
    JSON.stringify({
      extends: path("../../../tsconfig.json"),
      compilerOptions: {
        paths: {
          "@malachite/client": [path("./index.ts")],
          "@malachite/client/node": [path("./node/index.ts")],
        },
        typeRoots: [path("../../../node_modules/@types")],
      },
      files,
      include: [],
    }),
  );
  const tsc = path("../../../node_modules/typescript/bin/tsc");
  const { status, stdout } = spawnSync(process.execPath, [tsc, "-p", config], { encoding: "utf8" });
  assert.equal(stdout, "");
  assert.equal(status, 0);
});
