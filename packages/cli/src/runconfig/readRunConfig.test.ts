import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { UsageError } from "../errors/usageError.ts";
import { findRunConfig, readRunConfig } from "./readRunConfig.ts";

const golden = fileURLToPath(new URL("./golden", import.meta.url));

function folderWith(t: TestContext, files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), "malachite-config-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

for (const name of ["sdk", "conda"])
  test(`golden: ${name}.runconfig`, () => {
    const expected = JSON.parse(readFileSync(join(golden, `${name}.json`), "utf8"));
    assert.deepEqual(readRunConfig(join(golden, `${name}.runconfig`), golden), expected);
  });

test("the example's run configuration asks for nothing that is empty", () => {
  const example = fileURLToPath(new URL("../../../../examples/train", import.meta.url));
  const config = readRunConfig(findRunConfig(example, "train", "/"), example);
  assert.equal(config.script, "train.py");
  assert.deepEqual(config.arguments, ["--epochs", "100", "--learning-rate", "0.02"]);
  assert.deepEqual(config.environment?.python, { interpreterPath: "python3", userManagedDependencies: true });
});

test("names are matched in any case, keys of free maps keep theirs", (t) => {
  const folder = folderWith(t, {
    "a.runconfig":
      "Script: a.py\nArguments: [x]\nEnvironment:\n  environmentVariables: {FooBar: 1, foobar: 2}\n",
  });
  const config = readRunConfig(join(folder, "a.runconfig"), folder);
  assert.equal(config.script, "a.py");
  assert.deepEqual(config.arguments, ["x"]);
  assert.deepEqual(config.environment?.environmentVariables, { FooBar: "1", foobar: "2" });
});

test("anchors are followed", (t) => {
  const folder = folderWith(t, { "a.runconfig": "script: a.py\nx: &x [--n, 010]\narguments: *x\n" });
  assert.deepEqual(readRunConfig(join(folder, "a.runconfig"), folder).arguments, ["--n", "010"]);
});

const BROKEN: readonly [what: string, text: string, says: RegExp][] = [
  ["broken YAML", "script: [a", /not valid YAML/],
  ["a list", "- a\n- b\n", /holds no names and values/],
  ["a doubled key", "script: a.py\nscript: b.py\n", /not valid YAML.*unique/s],
  ["arguments as text", "script: a.py\narguments: --epochs 5\n", /arguments must be a list/],
  [
    "conda file out of the folder",
    "environment: {python: {condaDependenciesFile: ../../secret.yml}}",
    /leads out of the project folder/,
  ],
  [
    "conda file that is absent",
    "environment: {python: {condaDependenciesFile: c.yml}}",
    /'c\.yml' is not in/,
  ],
  [
    "aliases nested to blow up",
    `a: &a [x,x,x,x,x,x,x,x,x,x]\n${[..."bcdefgh"].map((k, i) => `${k}: &${k} [${Array(10).fill(`*${"abcdefg"[i]}`).join(",")}]`).join("\n")}\n`,
    /not valid YAML.*alias/is,
  ],
];
for (const [what, text, says] of BROKEN)
  test(`refused with a reason: ${what}`, (t) => {
    const folder = folderWith(t, { "a.runconfig": text });
    assert.throws(
      () => readRunConfig(join(folder, "a.runconfig"), folder),
      (error) => error instanceof UsageError && says.test(error.message),
    );
  });

test("a key named __proto__ is a key", (t) => {
  const folder = folderWith(t, { "a.runconfig": "script: a.py\n__proto__: {polluted: true}\n" });
  readRunConfig(join(folder, "a.runconfig"), folder);
  assert.equal(({} as { polluted?: boolean }).polluted, undefined);
});

test("a configuration is found by name in the SDK's folders, and by path", (t) => {
  const folder = folderWith(t, {
    ".azureml/gpu.runconfig": "",
    "aml_config/gpu.runconfig": "",
    "cpu.runconfig": "",
  });
  assert.equal(findRunConfig(folder, "gpu", "/"), join(folder, ".azureml/gpu.runconfig"));
  assert.equal(findRunConfig(folder, "cpu", "/"), join(folder, "cpu.runconfig"));
  assert.equal(
    findRunConfig(folder, "aml_config/gpu.runconfig", "/"),
    join(folder, "aml_config/gpu.runconfig"),
  );
  assert.throws(
    () => findRunConfig(folder, "tpu", "/"),
    /no run configuration 'tpu'.*There are: gpu, gpu, cpu/,
  );
});
