import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Io } from "../io.ts";
import { DEFAULT_ENDPOINT, DEFAULT_WORKSPACE, readConnection } from "./connection.ts";

function world(t: TestContext, env: Record<string, string> = {}, files: Record<string, string> = {}): Io {
  const cwd = mkdtempSync(join(tmpdir(), "malachite-cwd-"));
  t.after(() => rmSync(cwd, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(cwd, name, ".."), { recursive: true });
    writeFileSync(join(cwd, name), text);
  }
  return {
    cwd,
    env: { HOME: cwd, ...env },
    rest: undefined,
    out: async () => {},
    say: () => {},
    interactive: false,
    columns: undefined,
    ask: async () => undefined,
    onInterrupt: () => () => {},
  };
}
const CONFIG = JSON.stringify({ subscription_id: "s", resource_group: "g", workspace_name: "w" });

test("with nothing given, the service of this machine and the default workspace", (t) => {
  const connection = readConnection({}, world(t));
  assert.equal(connection.endpoint, DEFAULT_ENDPOINT);
  assert.equal(connection.token, "dev");
  assert.deepEqual(connection.workspace, DEFAULT_WORKSPACE);
});

test("a running service of this user is found by its note", (t) => {
  const note = JSON.stringify({ pid: 1, url: "http://127.0.0.1:9999", startedAt: "" });
  const files = { ".malachite/data/server.json": note };
  assert.equal(readConnection({}, world(t, {}, files)).endpoint, "http://127.0.0.1:9999");
  const named = { MALACHITE_ENDPOINT: "http://localhost:1/" };
  assert.equal(readConnection({}, world(t, named, files)).endpoint, "http://localhost:1");
});

test("flags win over variables, variables over files", (t) => {
  const io = world(
    t,
    { MALACHITE_WORKSPACE: "a/b/c", MALACHITE_TOKEN: "t1" },
    { ".azureml/config.json": CONFIG },
  );
  assert.equal(readConnection({ workspace: "x/y/z" }, io).workspace.workspace, "z");
  assert.equal(readConnection({}, io).workspace.workspace, "c");
  assert.equal(readConnection({ token: "t2" }, io).token, "t2");
  assert.equal(readConnection({}, io).token, "t1");
});

test("the workspace file is looked for upwards, in the folders it has had", (t) => {
  for (const place of [".azureml/config.json", "aml_config/config.json", "config.json"]) {
    const io = world(t, {}, { [place]: `\uFEFF${CONFIG}`, "a/b/x": "" });
    assert.equal(readConnection({}, io, join(io.cwd, "a/b")).workspace.workspace, "w", place);
  }
});

test("a broken workspace file is told; a config.json of something else is passed over", (t) => {
  assert.throws(
    () => readConnection({}, world(t, {}, { ".azureml/config.json": "{" })),
    /config\.json is not JSON/,
  );
  assert.throws(
    () => readConnection({}, world(t, {}, { ".azureml/config.json": `{"subscription_id": "s"}` })),
    /lacks resource_group, workspace_name/,
  );
  assert.deepEqual(
    readConnection({}, world(t, {}, { "config.json": `{"port": 1}` })).workspace,
    DEFAULT_WORKSPACE,
  );
});

test("the development token is never sent to another machine", (t) => {
  assert.throws(() => readConnection({ endpoint: "https://example.org" }, world(t)), /Set MALACHITE_TOKEN/);
  assert.equal(readConnection({ endpoint: "http://[::1]:7464" }, world(t)).token, "dev");
});

test("what cannot be an endpoint or a workspace is refused", (t) => {
  assert.throws(() => readConnection({ endpoint: "localhost:7464" }, world(t)), /must be a URL/);
  for (const workspace of ["a", "a/b", "a//c", "a/b/c/d"])
    assert.throws(() => readConnection({ workspace }, world(t)), /SUBSCRIPTION\/GROUP\/NAME/);
});
