import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { ComputeDriver } from "@malachite/core";
import { isLoopback, readSettings } from "./settings.ts";
import { createTargets } from "./targets.ts";

const withFile = (text: string, act: (file: string) => void) => {
  const folder = mkdtempSync(join(tmpdir(), "malachite-settings-"));
  try {
    writeFileSync(join(folder, "malachite.yaml"), text);
    act(join(folder, "malachite.yaml"));
  } finally {
    rmSync(folder, { recursive: true });
  }
};

describe("settings", () => {
  it("are closed by default", () => {
    const settings = readSettings({}, {});
    assert.equal(settings.host, "127.0.0.1");
    assert.equal(settings.port, 7464);
    assert.deepEqual(settings.token, []);
    assert.ok(Object.isFrozen(settings));
  });

  it("take a flag before the environment and the environment before the file", () => {
    withFile("port: 1\ngraceSeconds: 1\nrunsAtOnce: 1\n", (file) => {
      const settings = readSettings(
        { settings: file, port: "3" },
        { MALACHITE_PORT: "2", MALACHITE_GRACE_SECONDS: "2" },
      );
      assert.deepEqual([settings.port, settings.graceSeconds, settings.runsAtOnce], [3, 2, 1]);
    });
  });

  it("have the targets of all places, the strongest where two name the same", () => {
    withFile("target: { a: process, b: { kind: process, runsAtOnce: 3 } }\n", (file) => {
      const { target } = readSettings(
        { settings: file, target: ["b=process", "c=container"] },
        { MALACHITE_TARGET: "c=process,d=ssh" },
      );
      const of = (kind: string) => ({ kind, options: {} });
      assert.deepEqual(target, { a: of("process"), b: of("process"), c: of("container"), d: of("ssh") });
    });
  });

  it("name every fault at once and where it comes from", () => {
    withFile("prot: 1\nrunsAtOnce: 0\n", (file) => {
      assert.throws(
        () => readSettings({ settings: file, port: "70000" }, { MALACHITE_GRACE_SECONDS: "soon" }),
        (error: Error) => {
          for (const part of [
            "'prot'",
            "'runsAtOnce' in the settings file",
            "--port",
            "MALACHITE_GRACE_SECONDS",
          ])
            assert.ok(error.message.includes(part), part);
          return true;
        },
      );
    });
  });

  it("name the place of what is wrong only in itself or together, too", () => {
    withFile("quota: [workspace.runingRuns=3]\nblobs: s3:/bucket\ntlsKey: key.pem\n", (file) => {
      assert.throws(
        () => readSettings({ settings: file, condaChannels: ["x"] }, { MALACHITE_PUBLIC_URL: "here" }),
        (error: Error) => {
          assert.deepEqual(
            error.message.split("\n").map((line) => line.trim().split(" must be ")[0]),
            [
              "The settings are not right:",
              "'blobs' in the settings file",
              "'quota' in the settings file",
              "MALACHITE_PUBLIC_URL",
              "--tls-cert and --tls-key belong together: give both or neither.",
              "--conda-channels",
            ],
          );
          return true;
        },
      );
    });
  });

  it("refuse an address that others reach without a token or an issuer", () => {
    for (const host of ["0.0.0.0", "::", "192.168.1.5", "example.org"])
      assert.throws(() => readSettings({ host }, {}), /--issuer/, host);
    assert.throws(() => readSettings({ host: "0.0.0.0", token: ["short"] }, {}), /16 characters/);
    assert.throws(
      () => readSettings({ host: "0.0.0.0", issuer: "https://login.example.org" }, {}),
      /--audience/,
    );
    readSettings({ host: "0.0.0.0", token: ["a-token-of-enough-characters"] }, {});
  });

  it("refuse half a certificate, a public address that is none, and a secret that is soon guessed", () => {
    assert.throws(() => readSettings({ tlsCert: "a.pem" }, {}), /--tls-cert and --tls-key/);
    assert.throws(() => readSettings({ publicUrl: "malachite.example.org" }, {}), /--public-url/);
    assert.throws(() => readSettings({ msiSecret: "short" }, {}), /16 characters/);
    const { trusted } = readSettings(
      {},
      { SSL_CERT_FILE: "/a", REQUESTS_CA_BUNDLE: "/b", CURL_CA_BUNDLE: "" },
    );
    assert.deepEqual(trusted, ["/b", "/a"]);
  });

  it("read datastores from a file, naming every fault and no key", () => {
    const good =
      "datastores:\n  lake: {kind: s3, bucket: b, endpoint: 'https://x', accessKeyId: id, secretAccessKey: hush}\n  nas: {kind: folder, path: /mnt/nas, readOnly: true}\ndataRoot: [/scratch]\nallowDataHost: ['127.0.0.1:10000']\n";
    withFile(good, (file) => {
      const { datastores, dataRoot, allowDataHost } = readSettings({ settings: file }, {});
      assert.deepEqual(Object.keys(datastores), ["lake", "nas"]);
      assert.deepEqual(datastores.nas, { kind: "folder", path: "/mnt/nas", readOnly: true });
      assert.deepEqual([dataRoot, allowDataHost], [["/scratch"], ["127.0.0.1:10000"]]);
    });
    const bad =
      "datastores:\n  Big: {kind: s3, bucket: b}\n  a: {kind: ftp}\n  b: {kind: s3, accessKeyId: hush, endpoint: x, typo: hush}\n  c: {kind: folder, path: mnt, readOnly: hush}\n";
    withFile(bad, (file) =>
      assert.throws(
        () => readSettings({ settings: file }, {}),
        ({ message }: Error) => {
          for (const words of [
            "'Big' must have a name",
            "'a' must have a kind: s3 or folder",
            "'b' needs 'bucket'",
            "'b' has 'typo', which the kind s3 does not know",
            "'b' needs both accessKeyId and secretAccessKey",
            "'b' has an endpoint that is no URL",
            "'c' has a path that is not absolute",
            "'c' has a 'readOnly' that is no boolean",
          ])
            assert.ok(message.includes(words), `${words} is not in ${message}`);
          return !message.includes("hush");
        },
      ),
    );
  });

  it("know loopback from the rest", () => {
    for (const host of ["127.0.0.1", "127.1.2.3", "::1", "localhost"]) assert.ok(isLoopback(host), host);
    for (const host of ["0.0.0.0", "::", "127.0.0.1.example.org", "localhost.example.org", "10.0.0.1"])
      assert.ok(!isLoopback(host), host);
  });

  it("read targets from a flag and from a file", () => {
    assert.deepEqual(readSettings({ target: ["gpu=process", "*=process"] }, {}).target, {
      gpu: { kind: "process", options: {} },
      "*": { kind: "process", options: {} },
    });
    withFile(
      "target:\n  small: { kind: process, memoryMiB: 512, runsAtOnce: 2 }\n  cpu-cluster: process\n",
      (file) => {
        const { target } = readSettings({ settings: file }, {});
        assert.deepEqual(target.small, { kind: "process", options: { memoryMiB: 512 }, runsAtOnce: 2 });
        assert.deepEqual(target["cpu-cluster"], { kind: "process", options: {} });
      },
    );
    assert.throws(() => readSettings({ target: ["gpu"] }, {}), /NAME=process/);
    assert.throws(() => readSettings({ target: ["gpu=slrum"] }, {}), /"slrum"/);
  });
});

describe("GPUs and nodes in the settings", () => {
  it("are found by themselves, or given by count or by number", () => {
    const gpus = (value: unknown) => readSettings({ gpus: value }, {}).gpus;
    assert.equal(readSettings({}, {}).gpus, "auto");
    assert.deepEqual(["auto", "none", "2", 2, "0,3", "3,", [1]].map(gpus), [
      "auto",
      [],
      [0, 1],
      [0, 1],
      [0, 3],
      [3],
      [1],
    ]);
    for (const wrong of ["-1", "many", "1,1", 1.5, 1e9, "0,x", []])
      assert.throws(() => gpus(wrong), /--gpus must be/, String(wrong));
  });

  it("are options of any target, each checked", () => {
    withFile(
      "target:\n  rig: { kind: process, gpuIds: [2, 3], gpusPerRun: 2, nodes: 4, memoryMiB: 9 }\n  two: { kind: process, gpus: 2 }\n",
      (file) => {
        const { target } = readSettings({ settings: file }, {});
        const rig = { kind: "process", gpuIds: [2, 3], gpusPerRun: 2, nodes: 4, options: { memoryMiB: 9 } };
        assert.deepEqual(target.rig, rig);
        assert.deepEqual(target.two?.gpuIds, [0, 1]);
      },
    );
    const file = `target:
  a: { kind: process, gpus: 2, nodes: 0, gpusPerRun: -1, runsAtOnce: few }
  b: { kind: process, gpuIds: [1], gpus: 1 }
  c: { kind: process, gpuIds: [4, 4] }
`;
    withFile(file, (path) =>
      assert.throws(
        () => readSettings({ settings: path }, {}),
        ({ message }: Error) => {
          for (const part of [
            "1 is needed as nodes of the target 'a'",
            "0 is needed as gpusPerRun of the target 'a'",
            "1 is needed as runsAtOnce of the target 'a'",
            "only one of gpus and gpuIds can be an option of the target 'b'",
            "different whole numbers are needed as gpuIds of the target 'c'",
            "GPU 1 is of the targets 'a' and 'b' at once",
          ])
            assert.ok(message.includes(part), `${part}\n${message}`);
          return true;
        },
      ),
    );
  });

  it("are shared by all targets without some of their own", async () => {
    const of = (more: object) => ({ kind: "process", options: {}, ...more });
    const targets = createTargets(
      { cpu: of({ gpusPerRun: 0 }), rig: of({ gpuIds: [1], nodes: 3 }), night: of({ runsAtOnce: 1 }) },
      { runsAtOnce: 5, gpus: [0, 1, 2] },
      [],
    );
    const capacityOf = (name: string) => targets.capacity(targets.find(name)?.pool ?? "");
    assert.deepEqual(capacityOf("local"), { places: 5, gpus: [0, 2] });
    assert.deepEqual(capacityOf("cpu"), capacityOf("local"));
    assert.deepEqual(capacityOf("rig"), { places: 3, nodes: 3, gpus: [1] });
    assert.deepEqual(capacityOf("night"), { places: 1, gpus: [] });
    const abilities = async (name: string) => {
      const target = targets.find(name);
      assert.ok(target);
      const { gpus, gpusPerRun } = await targets.abilities(target, AbortSignal.timeout(1000));
      return [gpus, gpusPerRun];
    };
    assert.deepEqual(await abilities("local"), [2, 1]);
    assert.deepEqual(await abilities("cpu"), [2, 0]);
    assert.deepEqual(await abilities("night"), [0, 0]);
    const bare = createTargets({ night: of({ runsAtOnce: 1 }) }, { runsAtOnce: 5, gpus: [] }, []);
    assert.deepEqual(bare.capacity(bare.find("night")?.pool ?? ""), { places: 1 });
  });

  it("are of the cluster where an engine gives them out, and none of this machine's are kept for it", async () => {
    const file = `target:
  pods: { kind: kubernetes, gpus: 8, gpusPerRun: 2, image: x }
  named: { kind: kubernetes, gpuIds: [1] }
  lab: { kind: slurm, gpus: 2 }
`;
    withFile(file, (path) => {
      const { target } = readSettings({ settings: path }, {});
      const pods = { kind: "kubernetes", engineGpus: 8, gpusPerRun: 2, options: { image: "x" } };
      assert.deepEqual(target.pods, pods);
      // Their drivers refuse these by name.
      assert.deepEqual(target.named, { kind: "kubernetes", options: { gpuIds: [1] } });
      assert.deepEqual(target.lab, { kind: "slurm", options: { gpus: 2 } });
      const targets = createTargets(target, { runsAtOnce: 5, gpus: [0, 1] }, []);
      assert.deepEqual(targets.capacity("machine").gpus, [0, 1]);
      const { gpus, gpusByEngine } = targets.capacity("target:pods");
      assert.deepEqual([gpus, gpusByEngine], [[0, 1, 2, 3, 4, 5, 6, 7], true]);
      assert.equal(targets.capacity("target:lab").gpus, undefined);
    });
    const far = { kind: "kubernetes", engineGpus: 8, options: {} };
    const targets = createTargets({ far }, { runsAtOnce: 5 }, []);
    const { gpus, gpusPerNode, gpusPerRun, enginesGpus } = await targets.abilities(
      { name: "far", kind: "kubernetes", pool: "target:far", options: {} },
      AbortSignal.timeout(1000),
    );
    assert.deepEqual([gpus, gpusPerNode, gpusPerRun, enginesGpus], [8, 8, 1, true]);
  });

  it("are counted over the machines of an ssh pool, which give them out", () => {
    const options = { hosts: [{ host: "a", gpuIds: [4, 6], slots: 3 }, "b", { host: "c", gpus: 1 }] };
    const far = { kind: "ssh", options };
    const { capacity } = createTargets({ far }, { runsAtOnce: 5, gpus: [0] }, []);
    assert.deepEqual(capacity("target:far"), {
      places: 5,
      nodes: 5,
      gpus: [0, 1, 2],
      gpusByEngine: true,
    });
    const none = createTargets({ far: { ...far, options: { host: "a" } } }, { runsAtOnce: 5 }, []);
    assert.deepEqual(none.capacity("target:far"), { places: 1, nodes: 1 });
  });

  it("go to no container of an engine that gives none", async () => {
    const can = { multiNode: true, images: true, gpus: true };
    const driver = (health: object) =>
      ({
        kind: "container",
        can,
        check: async () => ({ usable: true, ...health }),
      }) as unknown as ComputeDriver;
    const abilities = (health: object, gpus: readonly number[]) => {
      const box = { kind: "container", options: {} };
      const targets = createTargets({ box }, { runsAtOnce: 2, gpus }, [driver(health)]);
      const target = targets.find("box");
      assert.ok(target);
      return targets.abilities(target, AbortSignal.timeout(1000));
    };
    const none = await abilities({ withoutGpus: "It gives none." }, [0, 1]);
    assert.deepEqual([none.gpus, none.gpusPerRun, none.gpusReason], [0, 0, "It gives none."]);
    const some = await abilities({}, [0, 1]);
    assert.deepEqual([some.gpus, some.gpusPerRun, some.gpusReason], [2, 1, undefined]);
    // Where none are counted, nothing is lacking.
    assert.equal((await abilities({ withoutGpus: "It gives none." }, [])).gpusReason, undefined);
  });
});

describe("targets", () => {
  it("always have local, and let * stand for any other name", () => {
    const some = createTargets({}, { runsAtOnce: 2 }, []);
    assert.equal(some.find("local")?.kind, "process");
    assert.equal(some.find("cpu-cluster"), undefined);
    const any = createTargets({ "*": { kind: "process", options: {} } }, { runsAtOnce: 2 }, []);
    assert.equal(any.find("cpu-cluster")?.name, "cpu-cluster");
    assert.equal(any.find("*"), undefined);
  });

  it("share the places of the machine unless a target has its own", () => {
    const targets = createTargets(
      { a: { kind: "process", options: {} }, b: { kind: "process", options: {}, runsAtOnce: 7 } },
      { runsAtOnce: 2 },
      [],
    );
    assert.equal(targets.find("a")?.pool, targets.find("local")?.pool);
    assert.equal(targets.capacity(targets.find("b")?.pool ?? "").places, 7);
    assert.equal(targets.pools().length, 2);
  });
});
