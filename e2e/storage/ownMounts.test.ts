// Mounts of the service's own datastores whose blobs are in an object storage: runs see them through the service, by the real rclone.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { startContainerEngine, withoutEngine, withoutMounts } from "@malachite/server/conformance";
import { ended, fileOf, says, submit, type WireRun } from "../support/runs.ts";
import { type Service, until, workspacePath } from "../support/service.ts";
import { type Storage, serviceOn, startStorage } from "./storage.ts";

type Told = WireRun & { readonly warnings?: readonly { readonly message: string }[] };

const noMounts = await withoutMounts();

/** Holds a file open while the service dies, reads one while it is away, and writes another. */
const SCRIPT = `
import os, sys, time
where, gate = os.environ["AZUREML_DATAREFERENCE_m"], sys.argv[1]
held = open(where + "/first ü.txt", "w")
held.write("one"); held.flush()
print("ready", flush=True)
while not os.path.exists(gate): time.sleep(0.02)
open(gate + "-seen", "w").close()
print("read", open(where + "/in.txt").read(), flush=True)
held.write(" more"); held.close()
os.rename(where + "/in.txt", where + "/out.txt")
open(where + "/large.bin", "wb").write(b"0123456789abcdef" * 2**20)
`;

/** In a container: what is only read stays so, and what the run leaves in its output is there afterwards. */
const BOXED = `
import os, sys
assert open(os.environ["kept"] + "/in.txt").read() == "given"
try:
    open(os.environ["kept"] + "/mine", "w")
    raise SystemExit("wrote where it only reads")
except OSError as error:
    assert error.strerror == "Read-only file system", error
open(sys.argv[1] + "/left.txt", "w").write("left")
`;

type Blobs = {
  put(path: string, text: string): Promise<void>;
  get(path: string): Promise<Buffer>;
};

async function blobsOf(service: Service): Promise<Blobs> {
  const store = await service.json<{
    azureStorageSection: { containerName: string; sasToken: string };
  }>("GET", `/datastore/v1.0${workspacePath}/datastores/workspaceblobstore`);
  const { containerName, sasToken } = store.azureStorageSection;
  const at = (path: string) =>
    `${service.url}/${containerName}/${encodeURI(path)}?${sasToken.replace(/^\?/, "")}`;
  return {
    async put(path, text) {
      const answer = await fetch(at(path), {
        method: "PUT",
        headers: { "x-ms-blob-type": "BlockBlob" },
        body: text,
      });
      assert.equal(answer.status, 201, await answer.text());
    },
    async get(path) {
      const answer = await fetch(at(path));
      assert.equal(answer.status, 200, `${path} ${answer.status}`);
      return Buffer.from(await answer.arrayBuffer());
    },
  };
}

const isMounted = (service: Service): boolean =>
  readFileSync("/proc/self/mountinfo", "utf8").includes(service.data);
const freed = (service: Service) =>
  until(
    "the mounts being freed",
    () => !isMounted(service) && readdirSync(join(service.data, "data")).length === 0,
  );

for (const name of ["Azurite", "moto"] as const)
  describe(`mounts of own datastores whose blobs are in ${name}`, {
    skip: noMounts ?? false,
    timeout: 600_000,
  }, () => {
    const opened = new AsyncDisposableStack();
    let storage: Storage;
    let root: string;
    before(async () => {
      storage = opened.use(await startStorage(name));
      root = mkdtempSync(join(tmpdir(), "malachite-own-mounts-"));
      opened.defer(() => rmSync(root, { recursive: true, force: true }));
    });
    after(() => opened.disposeAsync());

    it("are read and written by a run while the service is killed and started again", async () => {
      await using service = await serviceOn(storage, { flags: ["--grace-seconds", "2"] });
      const blobs = await blobsOf(service);
      await blobs.put("a ü/in.txt", "given");
      const gate = join(root, "gate");
      const id = await submit(service, {
        files: { "main.py": SCRIPT },
        configuration: {
          arguments: [gate],
          dataReferences: {
            m: { dataStoreName: "workspaceblobstore", pathOnDataStore: "a ü", mode: "Mount" },
          },
        },
      });
      await says(service, id, "ready");
      await service.kill();
      writeFileSync(gate, "");
      // The run reads now, and nobody answers yet.
      await until("the run to go on", () => readdirSync(root).includes("gate-seen"));
      await service.start();
      const run: Told = await ended(service, id);
      assert.equal(run.status, "Completed", `${await fileOf(service, id)} ${JSON.stringify(run.error)}`);
      assert.match(String(await fileOf(service, id)), /read given/);
      assert.deepEqual(run.warnings ?? [], []);
      assert.equal(String(await blobs.get("a ü/first ü.txt")), "one more");
      assert.equal(String(await blobs.get("a ü/out.txt")), "given");
      const large = await blobs.get("a ü/large.bin");
      assert.ok(large.equals(Buffer.alloc(2 ** 24, "0123456789abcdef")), `${large.length} bytes`);
      await freed(service);
      for (const secret of [...storage.secrets, "sig="])
        assert.ok(!service.output.includes(secret), "the log tells a key");
    });

    it("are seen in a container, and what is only read stays so", async (t) => {
      const fault = withoutEngine("podman");
      if (fault !== undefined) return t.skip(fault);
      await using engine = await startContainerEngine("podman");
      await using service = await serviceOn(storage, {
        flags: [
          ...["--container-socket", engine.socket, "--target", "box=container"],
          ...["--container-image", engine.image],
        ],
        env: { HTTPS_PROXY: "" },
      });
      const blobs = await blobsOf(service);
      await blobs.put("b/in.txt", "given");
      const place = (relativePath: string) => ({
        dataPath: { datastoreName: "workspaceblobstore", relativePath },
      });
      const id = await submit(service, {
        files: { "main.py": BOXED },
        configuration: {
          target: "box",
          environment: { python: { userManagedDependencies: true, interpreterPath: "/usr/bin/python3" } },
          arguments: ["DatasetOutputConfig:out"],
          data: { kept: { dataLocation: place("b"), mechanism: "Mount", pathOnCompute: "/mnt/b" } },
          outputData: { out: { mechanism: "Mount", outputLocation: place("out") } },
        },
      });
      const run: Told = await ended(service, id);
      assert.equal(run.status, "Completed", `${await fileOf(service, id)} ${JSON.stringify(run.error)}`);
      assert.equal(String(await blobs.get("out/left.txt")), "left");
      await freed(service);
    });
  });
