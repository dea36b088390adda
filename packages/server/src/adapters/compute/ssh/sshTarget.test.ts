// The options of an ssh target: every form of naming machines, and each fault by its name.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { gpusOfMachine, hostName, parseSshOptions, slotsOf } from "./sshTarget.ts";

const target = (options: Record<string, unknown>) => ({
  name: "lab",
  kind: "ssh",
  pool: "lab",
  options: options as never,
});

describe("ssh target options", () => {
  it("name one machine or a pool of them, with what is said of all and of one", () => {
    const names = (options: Record<string, unknown>) =>
      parseSshOptions(target(options)).hosts.map((host) => `${hostName(host)} ${host.slots}`);
    assert.deepEqual(names({ host: "gpu1" }), ["gpu1:22 1"]);
    assert.deepEqual(names({ host: "me@gpu1:2222", slots: 4 }), ["me@gpu1:2222 4"]);
    assert.deepEqual(names({ host: "[fe80::1]:2222" }), ["[fe80::1]:2222 1"]);
    assert.deepEqual(names({ host: "fe80::1", user: "me" }), ["me@[fe80::1]:22 1"]);
    const pool = { user: "me", slots: 2, hosts: ["gpu1", { host: "gpu2", slots: 8, port: 2200 }] };
    assert.deepEqual(names(pool), ["me@gpu1:22 2", "me@gpu2:2200 8"]);
    assert.equal(slotsOf(target(pool)), 10);
    assert.equal(slotsOf(target({ hosts: [] })), undefined);
  });

  it("tell of the GPUs of all machines, or of one, by their count or their numbers", () => {
    const gpus = (options: Record<string, unknown>) =>
      parseSshOptions(target(options)).hosts.map((host) => host.gpus);
    assert.deepEqual(gpus({ host: "a" }), [undefined]);
    assert.deepEqual(gpus({ host: "a", gpus: 2 }), [[0, 1]]);
    assert.deepEqual(gpus({ gpus: 1, hosts: ["a", { host: "b", gpuIds: [2, 5] }, { host: "c", gpus: 0 }] }), [
      [0],
      [2, 5],
      [],
    ]);
    assert.equal(gpusOfMachine(target({ gpus: 1, hosts: ["a", { host: "b", gpuIds: [2, 5] }] })), 2);
    assert.equal(gpusOfMachine(target({ host: "a" })), 0);
  });

  for (const [name, options] of [
    ["frobnicate", { host: "a", frobnicate: 1 }],
    ["host", {}],
    ["hosts", { host: "a", hosts: ["b"] }],
    ["hosts", { hosts: [] }],
    ["hosts", { hosts: ["a", "a:22"] }],
    ["hosts", { hosts: [{ host: "a", cpus: 2 }] }],
    ["host", { host: "-oProxyCommand=x" }],
    ["slots", { host: "a", slots: 0 }],
    ["port", { host: "a", port: 70_000 }],
    ["user", { host: "a", user: "-l" }],
    ["fingerprint", { host: "a", fingerprint: "MD5:1" }],
    ["python", { host: "a", python: "python3; rm -rf ~" }],
    ["agent", { host: "a", agent: "yes" }],
    ["key", { host: "a", key: 1 }],
    ["setup", { host: "a", setup: "module load cuda" }],
    ["toolPath", { host: "a", toolPath: ["bin"] }],
    ["packageIndex", { host: "a", packageIndex: "pypi" }],
    ["packageIndex", { host: "a", packageIndex: "https://me:word@index.example/simple" }],
    ["memoryMiB", { host: "a", memoryMiB: 1 }],
    ["cpus", { host: "a", cpus: 0 }],
    ["gpus", { host: "a", gpus: "all" }],
    ["gpus", { host: "a", gpus: 1, gpuIds: [0] }],
    ["gpuIds", { hosts: [{ host: "a", gpuIds: [1, 1] }] }],
  ] as const)
    it(`refuse ${JSON.stringify(options)} by the name ${name}`, () => {
      assert.throws(() => parseSshOptions(target(options)), new RegExp(`Option ${name}`));
    });
});
