// What the engine is told of a launch plan. Each test looks at one part of it.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isMalachiteError, type LaunchKey, type LaunchPlan } from "@malachite/core";
import type { EngineFacts } from "../../../containers/index.ts";
import { containerSpec, LABELS, type SpecOf } from "./containerSpec.ts";

const FACTS: EngineFacts = {
  name: "Docker 28.2.2",
  rootless: false,
  remapped: false,
  gpus: undefined,
  gpusReason: "Docker 28.2.2 gives no GPUs.",
  limits: true,
};
const KEY = "k-1" as LaunchKey;

type Given = Partial<Omit<SpecOf, "plan" | "facts" | "command">> & {
  readonly plan?: Partial<LaunchPlan>;
  readonly facts?: Partial<EngineFacts>;
  readonly flags?: readonly string[];
  readonly command?: Partial<SpecOf["command"]>;
};

function spec({ plan = {}, facts = {}, flags = [], command = {}, ...more }: Given = {}) {
  const whole = {
    ...{ key: KEY, environment: {}, argv: ["python", "main.py"], folders: [], nodes: 1 },
    target: { name: "box", kind: "container", pool: "box", options: {} },
    ...plan,
  };
  return containerSpec({
    key: KEY,
    name: "malachite-k-1",
    service: "svc",
    plan: whole,
    image: { reference: "sha256:abc", arguments: flags },
    command: { env: { A: "1" }, argv: whole.argv, ...command },
    options: {},
    facts: { ...FACTS, ...facts },
    user: { uid: 1000, gid: 100, name: "ada" },
    folder: "/data/containers/k-1",
    startedAt: 7,
    ...more,
  });
}
const host = (given: Given = {}) => spec(given).HostConfig ?? {};
const refused = (given: Given, code: string, words: RegExp) =>
  assert.throws(
    () => spec(given),
    (error) => isMalachiteError(error) && error.code === code && words.test(error.message),
  );

describe("the container of a run", () => {
  it("begins with the start script, in the run's folder, whatever the image would start", () => {
    const { Entrypoint, Cmd, WorkingDir, Image, Tty, Healthcheck } = spec();
    assert.deepEqual(Entrypoint, ["/bin/sh"]);
    assert.deepEqual(Cmd?.slice(0, 4), ["/malachite/run/start.sh", "/malachite/run", "--at", "7"]);
    assert.deepEqual(Cmd?.slice(-3), ["--", "python", "main.py"]);
    assert.deepEqual([WorkingDir, Image, Tty], ["/malachite/run", "sha256:abc", false]);
    assert.deepEqual(Healthcheck, { Test: ["NONE"] });
    const { AutoRemove, Init, RestartPolicy, NetworkMode } = host();
    assert.deepEqual([AutoRemove, Init, RestartPolicy?.Name, NetworkMode], [false, false, "no", "host"]);
  });

  it("is found again by the service's own labels, which no flag can change", () => {
    const { Labels } = spec({ flags: ["--label", "team=a"] });
    assert.deepEqual(Labels, { team: "a", [LABELS.service]: "svc", [LABELS.key]: KEY });
    refused({ flags: ["--label", `${LABELS.key}=other`] }, "InvalidDefinition", /--label/);
  });

  it("runs as the service's user, with a home where the image knows none", () => {
    const { User, Env } = spec();
    assert.equal(User, "1000:100");
    assert.deepEqual(Env, ["HOME=/malachite/run/home", "USER=ada", "LOGNAME=ada", "A=1"]);
  });

  it("runs as root where that is the service's user: a root service, and a rootless engine", () => {
    const root = { uid: 0, gid: 0, name: "root" };
    assert.deepEqual([spec({ user: root }).User, spec({ user: root }).Env], ["0:0", ["A=1"]]);
    assert.equal(spec({ facts: { rootless: true } }).User, "0:0");
    assert.equal(host({ facts: { remapped: true } }).UsernsMode, "host");
    assert.equal("UsernsMode" in host(), false);
  });

  it("has the variables of the plan win over those of flags, and those over the home", () => {
    const { Env } = spec({ flags: ["--env", "A=flag", "--env", "HOME=/x"] });
    assert.deepEqual(Env, ["HOME=/x", "USER=ada", "LOGNAME=ada", "A=1"]);
  });

  it("is refused when its arguments and variables are more than a system takes", () => {
    refused({ command: { argv: ["x".repeat(131_072)] } }, "InvalidDefinition", /longer than a system/);
    const many = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`V${i}`, "x".repeat(120_000)]));
    refused({ command: { env: many } }, "InvalidDefinition", /longer than a system/);
    assert.ok(spec({ command: { argv: ["x".repeat(131_071)] } }));
  });

  it("is refused when a flag is wrong", () => {
    refused({ flags: ["--user=1"] }, "InvalidDefinition", /--user/);
  });
});

describe("what a container sees of the machine", () => {
  it("is the run's folder, each source of data, and what flags show", () => {
    const mounts = [
      { source: "/data/in", at: "data/in", readOnly: true },
      { source: "/data/out", at: "/mnt/out", readOnly: false },
    ];
    const shown = host({ plan: { mounts }, flags: ["--volume", "/srv:/srv:ro"] }).Mounts?.map(
      ({ Source, Target, ReadOnly }) => [Source, Target, ReadOnly],
    );
    assert.deepEqual(shown, [
      ["/data/containers/k-1", "/malachite/run", false],
      ["/data/in", "/malachite/run-data/0", true],
      ["/data/out", "/malachite/run-data/1", false],
      ["/data/out", "/mnt/out", false],
      ["/srv", "/srv", true],
    ]);
  });

  it("is the network of the target, unless the definition names one", () => {
    assert.equal(host({ options: { network: "lab" } }).NetworkMode, "lab");
    assert.equal(host({ options: { network: "lab" }, flags: ["--network", "none"] }).NetworkMode, "none");
  });

  it("is shared memory of the flag, else of the definition", () => {
    const image = { reference: "x", arguments: [], shmSizeBytes: 7 };
    assert.equal(host({ image }).ShmSize, 7);
    assert.equal(host({ image: { ...image, arguments: ["--shm-size", "1m"] } }).ShmSize, 2 ** 20);
    assert.equal("ShmSize" in host(), false);
  });
});

describe("the limits of a container", () => {
  it("are the lower of what the target and the definition say", () => {
    const limits = (options: SpecOf["options"], ...flags: string[]) => {
      const { Memory, MemorySwap, NanoCpus } = host({ options, flags });
      return [Memory, MemorySwap, NanoCpus];
    };
    assert.deepEqual(limits({}), [undefined, undefined, undefined]);
    assert.deepEqual(limits({ memoryMiB: 8, cpus: 0.5 }), [2 ** 23, 2 ** 23, 5e8]);
    assert.deepEqual(limits({ memoryMiB: 8, cpus: 1 }, "--memory", "1g", "--cpus", "2"), [
      2 ** 23,
      2 ** 23,
      1e9,
    ]);
    assert.deepEqual(limits({ memoryMiB: 1024 }, "--memory", "8m"), [2 ** 23, 2 ** 23, undefined]);
  });

  it("let swap grow only where the target has no limit", () => {
    assert.equal(host({ flags: ["--memory", "8m", "--memory-swap", "-1"] }).MemorySwap, -1);
    const limited = { options: { memoryMiB: 8 }, flags: ["--memory", "8m", "--memory-swap", "-1"] };
    assert.equal(host(limited).MemorySwap, 2 ** 23);
    assert.equal(
      host({ flags: ["--memory", "8m", "--memory-reservation", "16m"] }).MemoryReservation,
      2 ** 23,
    );
  });

  it("are passed on as they are: processors by number, processes, files", () => {
    const flags = ["--cpuset-cpus", "0-1", "--pids-limit", "9", "--ulimit", "nofile=10:20"];
    const { CpusetCpus, PidsLimit, Ulimits } = host({ flags });
    assert.deepEqual([CpusetCpus, PidsLimit], ["0-1", 9]);
    assert.deepEqual(Ulimits, [{ Name: "nofile", Soft: 10, Hard: 20 }]);
  });
});

describe("the GPUs of a container", () => {
  const requests = (given: Given) => host(given).DeviceRequests;

  it("are those that the run was given, whatever its flags name", () => {
    const given = { plan: { gpus: [2, 5] }, flags: ["--gpus", "all"] };
    assert.deepEqual(requests({ ...given, facts: { gpus: "nvidia" } }), [
      { Driver: "nvidia", Capabilities: [["gpu"]], DeviceIDs: ["2", "5"] },
    ]);
    assert.deepEqual(requests({ ...given, facts: { gpus: "cdi" } }), [
      { Driver: "cdi", DeviceIDs: ["nvidia.com/gpu=2", "nvidia.com/gpu=5"] },
    ]);
  });

  it("are those that its flags name, where nobody counts them", () => {
    const asks = (flag: string, gpus: "nvidia" | "cdi") => {
      const [{ Count, DeviceIDs } = {}] = requests({ flags: ["--gpus", flag], facts: { gpus } }) ?? [];
      return Count ?? DeviceIDs;
    };
    assert.equal(asks("all", "nvidia"), -1);
    assert.equal(asks("2", "nvidia"), 2);
    assert.deepEqual(asks('"device=0,2"', "nvidia"), ["0", "2"]);
    assert.deepEqual(asks("all", "cdi"), ["nvidia.com/gpu=all"]);
    assert.deepEqual(asks("2", "cdi"), ["nvidia.com/gpu=0", "nvidia.com/gpu=1"]);
  });

  it("are none for a run without any, and then the engine need not be able to give some", () => {
    assert.equal(requests({ plan: { gpus: [] }, flags: ["--gpus", "all"] }), undefined);
    assert.equal(requests({}), undefined);
  });

  it("are refused with the engine's reason where it gives none", () => {
    refused({ plan: { gpus: [0] } }, "UnsupportedField", /^Docker 28\.2\.2 gives no GPUs\.$/);
  });

  it("stand beside other devices", () => {
    const { Devices } = host({
      plan: { gpus: [0] },
      facts: { gpus: "cdi" },
      flags: ["--device", "/dev/fuse", "--device", "/dev/a:/dev/b:r"],
    });
    assert.deepEqual(Devices, [
      { PathOnHost: "/dev/fuse", PathInContainer: "/dev/fuse", CgroupPermissions: "rwm" },
      { PathOnHost: "/dev/a", PathInContainer: "/dev/b", CgroupPermissions: "r" },
    ]);
  });
});
