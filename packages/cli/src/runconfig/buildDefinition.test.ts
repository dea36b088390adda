import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { buildDefinition, experimentOf } from "./buildDefinition.ts";

function folderWith(t: TestContext, ...names: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), "malachite-project-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const name of names) {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), "");
  }
  return folder;
}

test("the script is the usual one, or the only one", (t) => {
  const scriptIn = (...names: string[]) =>
    buildDefinition(folderWith(t, ...names), {}, { variables: {} }).configuration?.script;
  assert.equal(scriptIn("a.py", "main.py", "train.py"), "train.py");
  assert.equal(scriptIn("a.py", "main.py"), "main.py");
  assert.equal(scriptIn("only.py", "setup.py"), "only.py");
  assert.throws(() => scriptIn("a.py", "b.py"), /could be a\.py, b\.py.*--script/);
  assert.throws(() => scriptIn("a.txt"), /has no Python file/);
});

test("what the command line says wins over the configuration", (t) => {
  const folder = folderWith(t, "a.py", "sub/b.py");
  const config = {
    script: "a.py",
    arguments: ["--old"],
    target: "local",
    environment: {
      name: "env",
      environmentVariables: { A: "1", B: "2" },
      python: { interpreterPath: "python" },
    },
  };
  const definition = buildDefinition(folder, config, {
    script: "./sub/b.py",
    args: ["--new", "-- x"],
    target: "cpu",
    python: "/opt/py/bin/python",
    variables: { B: "3" },
    maxSeconds: 60,
    parent: "p1",
  });
  assert.deepEqual(definition, {
    configuration: {
      script: "sub/b.py",
      arguments: ["--new", "-- x"],
      target: "cpu",
      maxRunDurationSeconds: 60,
      environment: {
        name: "env",
        environmentVariables: { A: "1", B: "3" },
        python: { interpreterPath: "/opt/py/bin/python", userManagedDependencies: true },
      },
    },
    parentRunId: "p1",
  });
});

test("no arguments after -- is not the same as none given", (t) => {
  const folder = folderWith(t, "a.py");
  const config = { arguments: ["--old"] };
  const { configuration } = buildDefinition(folder, config, { variables: {} });
  assert.deepEqual(configuration?.arguments, ["--old"]);
  const emptied = buildDefinition(folder, config, { variables: {}, args: [] });
  assert.deepEqual(emptied.configuration?.arguments, []);
});

test("a script that is absent, a folder, or outside is refused before anything is sent", (t) => {
  const folder = folderWith(t, "a.py", "sub/b.py");
  const build = (script: string) => () => buildDefinition(folder, {}, { script, variables: {} });
  assert.throws(build("c.py"), /no script 'c\.py'/);
  assert.throws(build("sub"), /no script 'sub'/);
  assert.throws(build("../a.py"), /not in the project folder/);
});

test("an experiment takes the folder's name in letters that names may have", () => {
  assert.equal(experimentOf("/x/my project!"), "my-project-");
  assert.equal(experimentOf("/x/.hidden"), "hidden");
  assert.equal(experimentOf("/"), "experiment");
});
