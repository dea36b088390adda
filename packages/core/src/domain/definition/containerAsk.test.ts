import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TargetSettings } from "../launch/launchPlan.ts";
import { containerFaults, imageChoice, plannedImage, runTarget } from "./containerAsk.ts";
import type { WholeDefinition } from "./runDefinition.ts";

const local: TargetSettings = { name: "local", kind: "process", pool: "machine", options: { memoryMiB: 64 } };
const box = { name: "box", kind: "container", pool: "machine", options: { image: "i" } };
const CAN = { images: true, volumes: ["/data"], privileges: false };

const whole = (configuration: object) => ({ configuration }) as unknown as WholeDefinition;
const docker = (section: object) => whole({ docker: { useDocker: true, ...section } });
const faults = (definition: WholeDefinition, abilities: object = {}, target = local) =>
  containerFaults(definition, runTarget(definition, target), { ...CAN, ...abilities }).map(
    ({ code, target, message }) => {
      assert.equal(code, "UnsupportedField");
      return `${target}: ${message}`;
    },
  );

describe("a run for a container", () => {
  it("goes into one on a target of this machine too, with the same limits", () => {
    for (const asked of [docker({}), whole({ environment: { docker: { enabled: true } } })])
      assert.deepEqual(runTarget(asked, { ...local, options: { memoryMiB: 64, other: 1 } }), {
        ...local,
        kind: "container",
      });
    assert.equal(runTarget(whole({ docker: { useDocker: false } }), local), local);
    assert.equal(runTarget(docker({}), box), box);
  });

  it("is refused by name where there is no engine, with what would help", () => {
    const none = { images: false, imagesReason: "Install Docker." };
    assert.deepEqual(faults(docker({}), none), [
      "configuration.docker.useDocker: The run cannot be put into a container. Install Docker.",
    ]);
    assert.match(
      faults(whole({ environment: { docker: { enabled: true } } }), none)[0] ?? "",
      /^configuration\.environment\.docker\.enabled/,
    );
    assert.deepEqual(
      faults(whole({ environment: { docker: { baseImage: "x", enabled: false } } }), none),
      [],
    );
  });

  it("is refused by name when its engine cannot limit what a flag would limit", () => {
    const limited = docker({ arguments: ["--memory=1g", "--pids-limit", "9", "--ipc=host"] });
    const without = { limitsReason: "Podman lacks the control groups." };
    assert.deepEqual(faults(limited), []);
    assert.deepEqual(faults(limited, without), [
      "configuration.docker.arguments: --memory would have no effect: Podman lacks the control groups.",
      "configuration.docker.arguments: --pids-limit would have no effect: Podman lacks the control groups.",
    ]);
    assert.deepEqual(faults(docker({ arguments: ["--ipc=host"] }), without), []);
  });

  it("is started with the flags of its environment, then its own", () => {
    const asked = whole({
      environment: { docker: { arguments: ["--ipc=host"] } },
      docker: { useDocker: true, arguments: ["--cpus", "2"], shmSize: "2g" },
    });
    assert.deepEqual(faults(asked), []);
    assert.deepEqual(plannedImage(asked, "ref"), {
      reference: "ref",
      arguments: ["--ipc=host", "--cpus", "2"],
      shmSizeBytes: 2 ** 31,
    });
  });

  it("has the shared memory of the section that puts it there, else of the other", () => {
    const sizeOf = (configuration: Record<string, unknown>) =>
      plannedImage(whole(configuration), "ref").shmSizeBytes;
    const old = { environment: { docker: { enabled: true, shmSize: "4g" } } };
    assert.equal(sizeOf({ ...old, docker: { useDocker: false, shmSize: "2g" } }), 2 ** 32);
    assert.equal(sizeOf({ ...old, docker: { useDocker: true, shmSize: "2g" } }), 2 ** 31);
    assert.equal(sizeOf({ ...old, docker: { useDocker: true } }), 2 ** 32);
    assert.equal(sizeOf({ environment: { docker: { enabled: true } } }), undefined);
  });

  it("sees of this machine only what the settings allow", () => {
    assert.deepEqual(faults(docker({ arguments: ["-v", "/data/x:/x:ro"] })), []);
    for (const source of ["/etc", "/database", "/data/../etc", "/"])
      assert.match(
        faults(docker({ arguments: ["-v", `${source}:/x`] }))[0] ?? "",
        /would show.*allow \/data/,
      );
    assert.match(
      faults(docker({ arguments: ["-v", "/data:/x"] }), { volumes: [] })[0] ?? "",
      /allow no folder/,
    );
    assert.match(faults(docker({ arguments: ["--privileged"] }))[0] ?? "", /--container-privileges/);
    assert.deepEqual(faults(docker({ arguments: ["--privileged"] }), { privileges: true }), []);
  });

  it("is refused what cannot be done, by the path of the property", () => {
    for (const [section, path] of [
      [{ arguments: ["--user", "0"] }, "configuration.docker.arguments"],
      [{ sharedVolumes: false }, "configuration.docker.sharedVolumes"],
      [{ shmSize: "much" }, "configuration.docker.shmSize"],
    ] as const)
      assert.deepEqual(
        faults(docker(section)).map((fault) => fault.split(":")[0]),
        [path],
      );
    const old = whole({ environment: { docker: { enabled: true, shmSize: "much" } } });
    assert.match(faults(old)[0] ?? "", /^configuration\.environment\.docker\.shmSize: /);
    assert.deepEqual(faults(docker({ sharedVolumes: true, shmSize: "" })), []);
  });

  it("is what flags are for: without one they are refused, not ignored", () => {
    const bare = whole({ docker: { useDocker: false, arguments: ["--ipc=host"], shmSize: "2g" } });
    assert.match(faults(bare)[0] ?? "", /^configuration\.docker\.arguments: .*none/);
    assert.deepEqual(faults(bare, {}, box), []);
    assert.deepEqual(faults(whole({ docker: { useDocker: false, arguments: [], shmSize: "2g" } })), []);
  });
});

describe("the image of an environment", () => {
  it("is one that is named, or the text of a Dockerfile", () => {
    assert.deepEqual(imageChoice({ docker: { baseImage: "a" } }), { is: "image", reference: "a" });
    assert.deepEqual(imageChoice({ docker: { baseDockerfile: "FROM a" } }), {
      is: "dockerfile",
      text: "FROM a",
    });
    for (const none of [{}, { docker: {} }, { docker: { baseImage: "" } }])
      assert.deepEqual(imageChoice(none), { is: "none" });
  });
});
