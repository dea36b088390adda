import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parseSize, privilegesOf, readContainerFlags } from "./containerFlags.ts";

const read = (...given: string[]) => readContainerFlags(given);

describe("flags of docker run", () => {
  it("are read in every way the SDK's users write them", () => {
    for (const words of [["--ipc=host"], ["--ipc", "host"], ["--ipc host"], [" --ipc  host "]]) {
      assert.deepEqual(read(...words).faults, [], words.join("|"));
      assert.equal(read(...words).flags.ipc, "host");
    }
    for (const words of [["-m", "2g"], ["-m2g"], ["-m=2g"], ["--memory", "2GB"], ["--memory=2048m"]]) {
      assert.deepEqual(
        [read(...words).flags.memoryBytes, read(...words).faults],
        [2 ** 31, []],
        words.join("|"),
      );
    }
    assert.deepEqual(read("-e", "A=b=c", "--env=D=", '--env="E=f g"').flags.environment, {
      A: "b=c",
      D: "",
      E: "f g",
    });
  });

  it("become what they mean", () => {
    const { flags, faults } = read(
      ...[
        "--shm-size",
        "1.5g",
        "--cpus",
        "0.5",
        "--cpuset-cpus=0-1,3",
        "--memory-swap",
        "-1",
        "--pids-limit=100",
      ],
      ...[
        "--ulimit",
        "memlock=-1:-1",
        "--ulimit=stack=67108864",
        "--net=none",
        "--hostname",
        "node-0",
        "--init",
      ],
      ...["--add-host=db:10.0.0.1", "--dns", "1.1.1.1", "--tmpfs", "/scratch:size=1g", "--label", "team=a"],
      ...["--cap-drop=ALL", "-v", "/data:/mnt/data:ro", "--gpus", '"device=0,2"'],
    );
    assert.deepEqual(faults, []);
    assert.deepEqual(flags, {
      shmSizeBytes: 1.5 * 2 ** 30,
      cpus: 0.5,
      cpuset: "0-1,3",
      memorySwapBytes: -1,
      pids: 100,
      ulimits: [
        { name: "memlock", soft: -1, hard: -1 },
        { name: "stack", soft: 67108864, hard: 67108864 },
      ],
      environment: {},
      network: "none",
      hostname: "node-0",
      hosts: ["db:10.0.0.1"],
      dns: ["1.1.1.1"],
      tmpfs: { "/scratch": "size=1g" },
      labels: { team: "a" },
      capDrop: ["ALL"],
      volumes: [{ source: "/data", at: "/mnt/data", readOnly: true }],
      gpus: ["0", "2"],
      capAdd: [],
      devices: [],
      securityOptions: [],
      privileged: false,
    });
    assert.equal(read("--gpus=all").flags.gpus, "all");
    assert.equal(read("--gpus", "2").flags.gpus, 2);
  });

  it("are refused by name when they would undo what the service does", () => {
    for (const [words, named] of [
      [["--user", "1000"], /--user .*user of the service/],
      [["-u0"], /-u0|-u /],
      [["-w", "/x"], /-w .*project/],
      [["--name=x"], /--name/],
      [["-it"], /-it/],
      [["--rm"], /--rm/],
      [["--pid=host"], /--pid/],
      [["--runtime=nvidia"], /--gpus/],
      [["--frobnicate", "3"], /--frobnicate/],
      [["python"], /'python' is no flag/],
      [["-e", "HOME"], /-e .*NAME=VALUE/],
      [["-v", "name:/x"], /-v .*by name/],
      [["-v", "/a:/malachite/run/x"], /-v .*outside the run's folder/],
      [["-v", "/a:/b/../malachite/run"], /-v/],
      [["-v", "/a:/b:exec"], /-v/],
      [["--ipc=container:other"], /--ipc/],
      [["--network", "container:other"], /--network/],
      [["--memory", "much"], /--memory .*size/],
      [["--cpus=0"], /--cpus/],
      [["--shm-size"], /--shm-size needs a value/],
      [["--label=malachite.key=x"], /--label/],
    ] as const) {
      const { faults } = readContainerFlags(words);
      assert.equal(faults.length, 1, words.join(" "));
      assert.match(faults[0] ?? "", named);
    }
  });

  it("that only a setting allows are named", () => {
    const { flags, faults } = read(
      ...[
        "--privileged",
        "--cap-add=SYS_PTRACE",
        "--device=/dev/fuse",
        "--security-opt",
        "seccomp=unconfined",
      ],
    );
    assert.deepEqual(faults, []);
    assert.deepEqual(privilegesOf(flags), [
      "--privileged",
      "--cap-add SYS_PTRACE",
      "--device /dev/fuse",
      "--security-opt seccomp=unconfined",
    ]);
  });

  it("never make it throw, and what is not understood is always told", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), fc.constantFrom("-v", "--env", "--gpus", "="))), (words) => {
        const { faults } = readContainerFlags(words);
        for (const word of words)
          if (/^-?\w+$/.test(word) && words.length === 1) assert.equal(faults.length, 1, word);
      }),
    );
  });

  it("hold sizes as docker writes them", () => {
    for (const [text, bytes] of [
      ["64", 64],
      ["2g", 2 ** 31],
      ["2G", 2 ** 31],
      ["512MiB", 2 ** 29],
      ["1k", 1024],
    ] as const)
      assert.equal(parseSize(text), bytes, text);
    for (const text of ["", "g", "-1g", "0", "1x", "1e3", "99999999t"])
      assert.equal(parseSize(text), undefined, text);
  });
});
