// Mounts of remote storages by the real rclone, through the life of a run and of the service: killed, canceled, refused. What is in
// the storage afterwards is asked of the storage.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import {
  type AzureServer,
  type S3Server,
  startAzurite,
  startS3,
  withoutMounts,
} from "@malachite/server/conformance";
import { cancel, ended, fileOf, reached, says, submit, type WireRun } from "../support/runs.ts";
import { Service, until, workspacePath } from "../support/service.ts";
import { putTexts, signedGet } from "./texts.ts";

type Told = WireRun & { readonly warnings?: readonly { readonly message: string }[] };

const CONTAINER = "mounted";
const noMounts = await withoutMounts();

const register = (service: Service, azure: AzureServer, name: string, key = azure.key) =>
  service.json("POST", `/datastore/v1.0${workspacePath}/datastores`, {
    name,
    dataStoreType: "AzureBlob",
    azureStorageSection: {
      accountName: azure.account,
      containerName: CONTAINER,
      endpoint: azure.endpoint,
      credentialType: "AccountKey",
      credential: key,
    },
  });

/** The mounts of this machine below a folder, and the processes that serve such. */
function leftOf(data: string): readonly string[] {
  const mounts = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .filter((line) => line.includes(data));
  const processes = readdirSync("/proc").filter((pid) => {
    try {
      return (
        /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, "utf8").includes(`MALACHITE_MOUNT=${data}`)
      );
    } catch {
      // It has ended.
      return false;
    }
  });
  return [...mounts, ...processes];
}

/** The processes of all mounts of the service. */
const rclonesOf = (data: string): readonly number[] =>
  readdirSync(join(data, "data")).flatMap((key) =>
    readdirSync(join(data, "data", key, ".mounts")).map((name) => {
      const note = readFileSync(join(data, "data", key, ".mounts", name, "note.json"), "utf8");
      return (JSON.parse(note) as { holder: { pid: number } }).holder.pid;
    }),
  );

const text = async (azure: AzureServer, path: string): Promise<string> =>
  Buffer.from(await signedGet(azure, `${CONTAINER}/${path}`)).toString();

/** Writes `first`, waits for a file beside the project, reads what the store has, writes `second`, and ends with what it is told. */
const SCRIPT = `
import os, sys, time
where, gate, code = os.environ["AZUREML_DATAREFERENCE_m"], sys.argv[1], int(sys.argv[2])
held = open(where + "/first ü 'x'.txt", "w")
held.write("one"); held.flush()
print("ready", flush=True)
while not os.path.exists(gate): time.sleep(0.02)
print("read", open(os.environ["AZUREML_DATAREFERENCE_texts"] + "/one.txt").read(), flush=True)
open(where + "/second.txt", "w").write("two")
os._exit(code)
`;

describe("mounts of remote storages in runs", { skip: noMounts ?? false, timeout: 600_000 }, () => {
  const opened = new AsyncDisposableStack();
  let azure: AzureServer;
  let s3: S3Server;
  let service: Service;
  let root: string;
  let serial = 0;
  before(async () => {
    azure = opened.use(await startAzurite());
    s3 = opened.use(await startS3());
    await putTexts(azure, CONTAINER);
    root = mkdtempSync(join(tmpdir(), "malachite-mounts-"));
    opened.defer(() => rmSync(root, { recursive: true, force: true }));
    const { endpoint, bucket, accessKeyId, secretAccessKey } = s3;
    writeFileSync(
      join(root, "settings.yaml"),
      JSON.stringify({
        datastores: { lake: { kind: "s3", endpoint, bucket, accessKeyId, secretAccessKey } },
      }),
    );
    service = opened.use(
      await Service.start({
        flags: [
          ...["--allow-data-host", azure.host, "--runs-at-once", "4", "--grace-seconds", "2"],
          ...["--settings", join(root, "settings.yaml")],
        ],
      }),
    );
    await register(service, azure, "azure");
    await register(service, azure, "wrong", "d3Jvbmc=");
  });
  after(() => opened.disposeAsync());

  const begin = async (place: string, code = 0, store = "azure") => {
    const gate = join(root, `gate-${++serial}`);
    const id = await submit(service, {
      files: { "main.py": SCRIPT },
      configuration: {
        arguments: [gate, String(code)],
        dataReferences: {
          m: { dataStoreName: store, pathOnDataStore: place, mode: "Mount" },
          texts: {
            dataStoreName: "azure",
            pathOnDataStore: "texts",
            mode: "Mount",
            pathOnCompute: "in/texts",
          },
        },
      },
    });
    return { id, open: () => writeFileSync(gate, "") };
  };
  const ready = (id: string) => says(service, id, "ready");
  const freed = () => until("the mounts being freed", () => leftOf(service.data).length === 0);

  it("go on while the service is killed and started again, and are empty of what was written when the run has ended", async () => {
    const { id, open } = await begin("killed ü");
    await ready(id);
    await service.kill();
    await service.start();
    open();
    const run: Told = await ended(service, id);
    assert.equal(run.status, "Completed", `${await fileOf(service, id)} ${JSON.stringify(run.error)}`);
    assert.match(String(await fileOf(service, id)), /read the cat and the dog/);
    assert.deepEqual(run.warnings ?? [], []);
    assert.equal(await text(azure, encodeURI("killed ü/first ü 'x'.txt")), "one");
    assert.equal(await text(azure, encodeURI("killed ü/second.txt")), "two");
    await freed();
    await until("the data being freed", () => readdirSync(join(service.data, "data")).length === 0);
  });

  it("of two runs at once, one of which fails with a file open, have what both wrote when they have ended", async () => {
    const [one, two] = [await begin("both/one", 3), await begin("both/two")];
    await Promise.all([ready(one.id), ready(two.id)]);
    one.open();
    two.open();
    const [failed, completed]: Told[] = await Promise.all([ended(service, one.id), ended(service, two.id)]);
    assert.deepEqual([failed?.status, completed?.status], ["Failed", "Completed"]);
    assert.deepEqual([failed?.warnings ?? [], completed?.warnings ?? []], [[], []]);
    for (const which of ["one", "two"]) {
      assert.equal(await text(azure, encodeURI(`both/${which}/first ü 'x'.txt`)), "one");
      assert.equal(await text(azure, `both/${which}/second.txt`), "two");
    }
    await freed();
  });

  it("of a run that is canceled keep what it had written", async () => {
    const { id } = await begin("canceled");
    await ready(id);
    await reached(service, id, "Running");
    await cancel(service, id);
    const run: Told = await ended(service, id);
    assert.equal(run.status, "Canceled");
    assert.deepEqual(run.warnings ?? [], []);
    assert.equal(await text(azure, encodeURI("canceled/first ü 'x'.txt")), "one");
    await freed();
  });

  it("are of S3 as of Azure", async () => {
    const { id, open } = await begin("in s3", 0, "lake");
    await ready(id);
    open();
    assert.equal((await ended(service, id)).status, "Completed");
    const again = await submit(service, {
      files: {
        "main.py":
          "import os; w = os.environ['AZUREML_DATAREFERENCE_r']; print(sorted(os.listdir(w)), open(w + '/second.txt').read())",
      },
      configuration: {
        dataReferences: { r: { dataStoreName: "lake", pathOnDataStore: "in s3", mode: "Download" } },
      },
    });
    await ended(service, again);
    assert.match(String(await fileOf(service, again)), /\["first ü 'x'\.txt", 'second\.txt'\] two/);
    await freed();
  });

  it("whose process is killed fail the run's reading, and the run is told why", async () => {
    const { id, open } = await begin("broken");
    await ready(id);
    for (const pid of rclonesOf(service.data)) process.kill(pid, "SIGKILL");
    open();
    const run: Told = await ended(service, id);
    assert.equal(run.status, "Failed");
    const told = (run.warnings ?? []).map(({ message }) => message).join("\n");
    assert.match(told, /The mount of the datastore 'azure' had ended by itself/);
    assert.equal(await text(azure, encodeURI("broken/first ü 'x'.txt")), "one");
    await freed();
  });

  it("with a wrong key fail the run before it starts, and tell no key", async () => {
    const { id } = await begin("x", 0, "wrong");
    const run: Told = await ended(service, id);
    assert.equal(run.status, "Failed");
    assert.match(run.error?.error?.message ?? "", /the key is wrong/);
    assert.ok(!JSON.stringify(run).includes("d3Jvbmc") && !JSON.stringify(run).includes("sig="));
    assert.ok(!service.output.includes(azure.key) && !service.output.includes("sig="), "the log tells a key");
    await freed();
  });

  it("leave the service's own records without a key", async () => {
    // What is just being freed may be gone between two looks: then all is looked at anew.
    const files = await until("a look at all files", () => {
      try {
        const all = readdirSync(service.data, { recursive: true, withFileTypes: true });
        return all.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
        return undefined;
      }
    });
    for (const path of files) {
      if (!existsSync(path)) continue;
      const bytes = readFileSync(path);
      assert.ok(!bytes.includes(azure.key) && !bytes.includes("racwdl"), path);
    }
  });
});

describe("a mount of a remote storage", { timeout: 600_000 }, () => {
  it("that the machine cannot make is refused before the run is, with what is missing", async () => {
    const azure = { account: "acct", key: "a2V5", host: "127.0.0.1:1", endpoint: "http://127.0.0.1:1/acct" };
    await using service = await Service.start({
      flags: ["--allow-data-host", azure.host],
      env: { PATH: dirname(process.execPath) },
    });
    await register(service, azure as AzureServer, "azure");
    const runId = "refused-1";
    await assert.rejects(
      submit(service, {
        runId,
        files: { "main.py": "" },
        configuration: { dataReferences: { m: { dataStoreName: "azure", mode: "Mount" } } },
      }),
      (error: Error) => {
        assert.match(error.message, /→ 400/);
        assert.match(error.message, /configuration\.dataReferences\.m\.mode/);
        assert.match(
          error.message,
          /'azure' is not on this machine, and it cannot be mounted here: .*rclone is not on the service's PATH; fusermount3 is not on the service's PATH/,
        );
        return true;
      },
    );
    const answer = await service.call("GET", `/history/v1.0${workspacePath}/runs/${runId}`);
    assert.equal(answer.status, 404);
  });
});
