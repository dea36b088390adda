// Data of runs in containers of a real engine: the same paths, and what is only read cannot be written there.
import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import {
  type EngineUnderTest,
  startAzurite,
  startContainerEngine,
  withoutEngine,
  withoutMounts,
} from "@malachite/server/conformance";
import { ended, fileOf, submit } from "../support/runs.ts";
import { Service, until, workspacePath } from "../support/service.ts";
import { putTexts, signedGet } from "./texts.ts";

const SCRIPT = `
import json, os, sys
seen = {}
for name in ("down", "shown", "kept"):
    path = os.environ["AZUREML_DATAREFERENCE_" + name]
    seen[name] = {n: open(os.path.join(at, n)).read() for at, _, names in os.walk(path, followlinks=True) for n in names}
try:
    open(os.path.join(os.environ["kept"], "mine"), "w")
    seen["wrote"] = "kept"
except OSError as error:
    seen["refused"] = error.strerror
open(os.path.join(os.environ["AZUREML_DATAREFERENCE_shown"], "made.txt"), "w").write("by the run")
open(os.path.join(sys.argv[1], "left.txt"), "w").write("left")
seen["own"] = open("own/a.txt").read(), sorted(os.listdir("own"))
seen["at"] = os.environ["AZUREML_DATAREFERENCE_shown"]
json.dump(seen, open("outputs/seen.json", "w"))
`;

const MOUNTED = `
import os, sys
assert os.environ["kept"] == "/mnt/texts"
assert sorted(os.listdir("/mnt/texts")) == ["more", "one.txt"], os.listdir("/mnt/texts")
assert open("/mnt/texts/more/two.txt").read() == "the owl\\n"
assert open(os.environ["one"]).read() == "the cat and the dog\\n"
try:
    open("/mnt/texts/mine", "w")
    raise SystemExit("wrote where it only reads")
except OSError as error:
    assert error.strerror == "Read-only file system", error
os.mkdir(sys.argv[1] + "/x")
held = open(sys.argv[1] + "/x/left.txt", "w")
held.write("left")
held.flush()
os._exit(0)
`;

describe("data of runs in containers", { skip: withoutEngine("podman") ?? false, timeout: 600_000 }, () => {
  let engine: EngineUnderTest;
  let service: Service;
  let root: string;
  before(async () => {
    engine = await startContainerEngine("podman");
    root = mkdtempSync(join(tmpdir(), "malachite-data-"));
    mkdirSync(join(root, "shelf/in/deep"), { recursive: true });
    writeFileSync(join(root, "shelf/in/a.txt"), "one");
    writeFileSync(join(root, "shelf/in/deep/b.txt"), "two");
    writeFileSync(
      join(root, "settings.yaml"),
      JSON.stringify({ datastores: { shelf: { kind: "folder", path: join(root, "shelf") } } }),
    );
    service = await Service.start({
      flags: [
        ...[
          "--container-socket",
          engine.socket,
          "--target",
          "box=container",
          "--container-image",
          engine.image,
        ],
        ...["--allow-data-host", "127.0.0.1"],
        ...["--settings", join(root, "settings.yaml")],
      ],
      env: { HTTPS_PROXY: "" },
    });
  });
  after(async () => {
    await service?.[Symbol.asyncDispose]();
    await engine?.[Symbol.asyncDispose]();
    if (root !== undefined) rmSync(root, { recursive: true, force: true });
  });

  it("is brought, shown and sent as on a process target", async () => {
    const store = { dataStoreName: "shelf", pathOnDataStore: "in" };
    const place = { dataPath: { datastoreName: "shelf", relativePath: "in" } };
    const id = await submit(service, {
      files: { "main.py": SCRIPT, "own/a.txt": "mine" },
      configuration: {
        target: "box",
        environment: { python: { userManagedDependencies: true, interpreterPath: "/usr/bin/python3" } },
        arguments: ["DatasetOutputConfig:out"],
        dataReferences: {
          down: { ...store, mode: "Download" },
          shown: { ...store, mode: "Mount", pathOnCompute: "/mnt/data" },
        },
        data: {
          kept: { dataLocation: place, mechanism: "Mount" },
          more: { dataLocation: place, mechanism: "Download", pathOnCompute: "own" },
        },
        outputData: {
          out: {
            mechanism: "Upload",
            outputLocation: { dataPath: { datastoreName: "shelf", relativePath: "out/{output-name}" } },
          },
        },
      },
    });
    const run = await ended(service, id);
    assert.equal(run.status, "Completed", `${await fileOf(service, id)} ${JSON.stringify(run.error)}`);
    const seen = JSON.parse(String(await fileOf(service, id, "outputs/seen.json")));
    const all = { "a.txt": "one", "b.txt": "two" };
    assert.deepEqual(seen, {
      ...{ down: all, shown: all, kept: all },
      refused: "Read-only file system",
      own: ["mine", ["a.txt", "deep"]],
      at: "/mnt/data",
    });
    assert.equal(readFileSync(join(root, "shelf/in/made.txt"), "utf8"), "by the run");
    assert.equal(readFileSync(join(root, "shelf/out/out/left.txt"), "utf8"), "left");
    await until("the data being freed", () => readdirSync(join(service.data, "data")).length === 0);
    assert.ok(existsSync(join(root, "shelf/in/deep/b.txt")), "the datastore was emptied");
  });

  it("of a remote storage is mounted outside and seen inside, and what is only read stays so", async (t) => {
    const fault = await withoutMounts();
    if (fault !== undefined) return t.skip(fault);
    await using azure = await startAzurite();
    await putTexts(azure, "boxed");
    await service.json("POST", `/datastore/v1.0${workspacePath}/datastores`, {
      name: "azure",
      dataStoreType: "AzureBlob",
      azureStorageSection: {
        accountName: azure.account,
        containerName: "boxed",
        endpoint: azure.endpoint,
        credentialType: "AccountKey",
        credential: azure.key,
      },
    });
    const place = (relativePath: string) => ({ dataPath: { datastoreName: "azure", relativePath } });
    const id = await submit(service, {
      files: { "main.py": MOUNTED },
      configuration: {
        target: "box",
        environment: { python: { userManagedDependencies: true, interpreterPath: "/usr/bin/python3" } },
        arguments: ["DatasetOutputConfig:out"],
        data: {
          kept: { dataLocation: place("texts"), mechanism: "Mount", pathOnCompute: "/mnt/texts" },
          one: { dataLocation: place("texts/one.txt"), mechanism: "Mount" },
        },
        outputData: { out: { mechanism: "Mount", outputLocation: place("out er") } },
      },
    });
    const run = await ended(service, id);
    assert.equal(run.status, "Completed", `${await fileOf(service, id)} ${JSON.stringify(run.error)}`);
    assert.equal(Buffer.from(await signedGet(azure, "boxed/out%20er/x/left.txt")).toString(), "left");
    await until("the data being freed", () => readdirSync(join(service.data, "data")).length === 0);
  });
});
