// The service inside a real cluster: its image is built as deploy/Containerfile says, and deploy/kubernetes is applied. Its runs are pods of
// the same cluster, where it is by nothing but the account of its pod.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  chmodSync,
  chownSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import {
  type ClusterUnderTest,
  type Door,
  openDoor,
  type StartedEngine,
  startCluster,
  startEngine,
  startMoto,
  startPostgres,
  withoutCluster,
} from "@malachite/server/conformance";
import { definitionOf, experiment, type WireRun, zipOf } from "../support/runs.ts";
import { ROOT, until, workspacePath } from "../support/service.ts";

const run = promisify(execFile);
const LONG_MS = 180_000;
const TOKEN = "a-token-of-the-test-alone";
const USER = 10001;
const WAITS =
  "import os, time\nprint('up', flush=True)\nwhile not os.path.exists('go'): time.sleep(0.1)\nprint('done')";

describe("the service in a cluster", { skip: withoutCluster() ?? false, timeout: 900_000 }, () => {
  // Beside the checkout's manifests by a relative path, which is all that kustomize takes.
  const folder = mkdtempSync(join(tmpdir(), "malachite-in-cluster-"));
  const volume = join(folder, "volume");
  let cluster: ClusterUnderTest;
  const made: AsyncDisposable[] = [];
  let builder: StartedEngine | undefined;
  let door: Door | undefined;
  let rule: readonly string[] | undefined;
  const kubectl = (...args: readonly string[]) => cluster.kubectl("-n", "malachite", ...args);

  /** The image of the Containerfile, on what the engines' scripts have for a base. */
  async function buildImage(): Promise<string> {
    const made = join(folder, "image");
    const tool = join(ROOT, "tools/image.ts");
    await run(process.execPath, ["--conditions=malachite-src", tool, "--out", made], { timeout: 400_000 });
    builder = await startEngine("docker.sh", () => ({ DOCKER_BRIDGE: "none" }));
    const docker = (...args: readonly string[]) =>
      run("docker", ["-H", `unix://${builder?.folder}/docker.sock`, ...args], { timeout: 300_000 });
    const base = `BASE=${builder.facts.BASE_IMAGE}`;
    const file = join(ROOT, "deploy/Containerfile");
    await docker(
      ...["build", "-q", "-f", file, "--build-arg", base, "-t", "localhost/malachite:tried", made],
    );
    const archive = join(folder, "image.tar");
    await docker("save", "-o", archive, "localhost/malachite:tried");
    return archive;
  }

  /** The cluster has no kube-proxy: what that would do with the address of the API is one rule. */
  async function proxyApi(): Promise<void> {
    const port = Number(/127\.0\.0\.1:(\d+)/.exec(readFileSync(cluster.kubeconfig, "utf8"))?.[1]);
    door = await openDoor({ host: "127.0.0.1", port }, { host: "0.0.0.0" });
    rule = [
      ..."PREROUTING -d 10.96.0.1/32 -p tcp --dport 443 -j DNAT".split(" "),
      ...["--to-destination", `10.244.0.1:${door.port}`],
    ];
    await run("iptables", ["-t", "nat", "-I", ...rule]);
  }

  /** What a site says of itself: its image, its volume, and how large its runs are. */
  function site(kind: "service" | "several", told: (settings: string) => string = (text) => text): string {
    const own = join(folder, kind);
    mkdirSync(own);
    const write = (name: string, value: object) => writeFileSync(join(own, name), JSON.stringify(value));
    const patch = (of: string, spec: object) => ({
      target: { kind: of, name: "malachite" },
      patch: JSON.stringify([spec].flat()),
    });
    const settings = told(readFileSync(join(ROOT, "deploy/kubernetes", kind, "settings.yaml"), "utf8"))
      .replace("cpus: 2", `cpus: 0.2\n        image: ${cluster.image}\n        imagePullPolicy: Never`)
      .replace("memoryMiB: 4096", "memoryMiB: 256");
    writeFileSync(join(own, "settings.yaml"), settings);
    write("kustomization.yaml", {
      apiVersion: "kustomize.config.k8s.io/v1beta1",
      kind: "Kustomization",
      namespace: "malachite",
      resources: [relative(own, join(ROOT, "deploy/kubernetes", kind)), "volume.yaml"],
      images: [{ name: "registry.example.org/malachite", newName: "localhost/malachite", newTag: "tried" }],
      patches: [
        { path: "settings.yaml" },
        patch("PersistentVolumeClaim", { op: "add", path: "/spec/storageClassName", value: "" }),
        patch("StatefulSet", {
          op: "add",
          path: "/spec/template/spec/containers/0/imagePullPolicy",
          value: "Never",
        }),
      ],
    });
    write("volume.yaml", {
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata: { name: "malachite-tried" },
      spec: {
        capacity: { storage: "200Gi" },
        accessModes: ["ReadWriteMany"],
        persistentVolumeReclaimPolicy: "Retain",
        claimRef: { namespace: "malachite", name: "malachite" },
        hostPath: { path: volume, type: "Directory" },
      },
    });
    return own;
  }

  before(async () => {
    chmodSync(folder, 0o755);
    mkdirSync(volume);
    chownSync(volume, USER, USER);
    // Before the cluster is taken, for which other tests wait.
    const archive = await buildImage();
    cluster = await startCluster();
    await cluster.load(archive);
    await proxyApi();
    await cluster.kubectl("apply", "-f", join(ROOT, "deploy/kubernetes/service/namespace.yaml"));
    await cluster.kubectl("apply", "-k", site("service"));
    await kubectl("create", "secret", "generic", "malachite", `--from-literal=MALACHITE_TOKEN=${TOKEN}`);
    await kubectl("rollout", "status", "statefulset/malachite", "--timeout=110s");
  });
  after(async () => {
    await cluster?.kubectl("delete", "namespace", "malachite", "--wait=true", "--timeout=100s");
    await cluster?.kubectl("delete", "pv", "malachite-tried", "--wait=false");
    if (rule !== undefined) await run("iptables", ["-t", "nat", "-D", ...rule]);
    await door?.shut();
    await builder?.[Symbol.asyncDispose]();
    for (const one of made) await one[Symbol.asyncDispose]();
    await cluster?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  /** By the address of its pod, which this machine reaches as its node does. */
  async function call(path: string, init: RequestInit = {}, pod = "malachite-0"): Promise<Response> {
    const address = (await kubectl("get", "pod", pod, "-o", "jsonpath={.status.podIP}")).trim();
    return fetch(`http://${address}:8000${path}`, { ...init, headers: { authorization: `Bearer ${TOKEN}` } });
  }
  async function start(script: string, pod?: string): Promise<string> {
    const configuration = {
      target: "cluster",
      environment: { python: { userManagedDependencies: true, interpreterPath: "python3" } },
    };
    const form = new FormData();
    const json = JSON.stringify(definitionOf({}, configuration));
    form.set("runDefinitionFile", new Blob([json], { type: "application/json" }), "definition.json");
    form.set("projectZipFile", new Blob([zipOf({ "main.py": script })]), "project.zip");
    const answer = await call(`/execution/v1.0${experiment()}/startrun`, { method: "POST", body: form }, pod);
    assert.equal(answer.status, 200, await answer.clone().text());
    return ((await answer.json()) as { runId: string }).runId;
  }
  const getRun = async (runId: string) =>
    (await (await call(`/history/v1.0${workspacePath}/runs/${runId}`)).json()) as WireRun;
  const logOf = async (runId: string) => {
    const file = `dcid.${runId}/content?path=user_logs/std_log.txt`;
    const answer = await call(`/artifact/v2.0${workspacePath}/artifacts/ExperimentRun/${file}`);
    return answer.ok ? await answer.text() : "";
  };
  async function completed(runId: string): Promise<void> {
    let last: WireRun | undefined;
    const seen = until(
      `${runId} to end`,
      async () => {
        last = await getRun(runId).catch(() => undefined);
        return last !== undefined && /Completed|Failed|Canceled/.test(last.status);
      },
      LONG_MS,
    );
    await seen;
    assert.equal(last?.status, "Completed", JSON.stringify(last));
  }

  it("runs as a user of its own, with the account of its pod, and takes work", async () => {
    assert.equal((await call("/readyz")).status, 200);
    assert.equal((await kubectl("exec", "malachite-0", "--", "id", "-u")).trim(), String(USER));
  });

  it("starts runs as pods of its own cluster, and keeps what they leave", async () => {
    const runId = await start("import os\nprint('in a pod of', os.getuid())");
    await completed(runId);
    assert.equal(await logOf(runId), `in a pod of ${USER}\n`);
  });

  /** The run that waits ends as if nothing had been, and was started once. */
  async function goesOn(runId: string): Promise<void> {
    // A server that has just taken it over may not have looked at the cluster yet.
    await until("the run to be seen", async () => (await getRun(runId)).status === "Running", LONG_MS);
    const [project = ""] = globSync("malachite-runs/*/project", { cwd: volume });
    writeFileSync(join(volume, project, "go"), "");
    await completed(runId);
    assert.equal(await logOf(runId), "up\ndone\n");
    const answer = await call(`/malachite/v1.0${workspacePath}/runs/${runId}/story`);
    const story = JSON.stringify(await answer.json());
    assert.equal(story.match(/"event":"started"/g)?.length, 1, story);
  }

  it("is deleted while a run is at work, which goes on under the next pod", async () => {
    const runId = await start(WAITS);
    await until("the run to be up", async () => (await logOf(runId)) === "up\n", LONG_MS);
    await kubectl("delete", "pod", "malachite-0", "--wait=true", "--timeout=100s");
    await kubectl("rollout", "status", "statefulset/malachite", "--timeout=110s");
    await until(
      "the next pod to take work",
      async () => (await call("/readyz").catch(() => undefined))?.status === 200,
      LONG_MS,
    );
    await goesOn(runId);
  });

  /** A port of this machine's loopback, at an address that pods reach. */
  async function shown(url: string): Promise<string> {
    const at = new URL(url);
    const way = await openDoor({ host: "127.0.0.1", port: Number(at.port) }, { host: "0.0.0.0" });
    made.push(way);
    at.host = `10.244.0.1:${way.port}`;
    return at.href;
  }

  it("may be several servers, as the other manifests say: one that is lost while a run is at work leaves it to another", async () => {
    // What is there cannot become all of the other.
    await kubectl("delete", "statefulset", "malachite", "--wait=true", "--timeout=100s");
    await kubectl("wait", "pod", "-l", "app=malachite", "--for=delete", "--timeout=100s");
    for (const name of readdirSync(volume)) rmSync(join(volume, name), { recursive: true });
    const postgres = await startPostgres();
    const s3 = await startMoto();
    made.push(postgres, s3);
    const database = new URL(await shown(postgres.url));
    const endpoint = (await shown(s3.endpoint)).replace(/\/$/, "");
    const secrets = {
      PGPASSWORD: decodeURIComponent(database.password),
      AWS_ACCESS_KEY_ID: s3.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
    };
    database.password = "";
    const told = (settings: string) =>
      settings
        .replace(/database: .*/, `database: ${database.href}`)
        .replace(/blobs: .*/, `blobs: s3://${s3.bucket}\n    blobsEndpoint: ${endpoint}`);
    await kubectl("patch", "secret", "malachite", "-p", JSON.stringify({ stringData: secrets }));
    await cluster.kubectl("apply", "-k", site("several", told));
    await kubectl("rollout", "status", "statefulset/malachite", "--timeout=170s");
    assert.match(await kubectl("get", "poddisruptionbudget", "-o", "name"), /malachite/);

    const runId = await start(WAITS, "malachite-1");
    await until("the run to be up", async () => (await logOf(runId)) === "up\n", LONG_MS);
    const words = [
      "delete",
      "pod",
      "malachite-1",
      "malachite-2",
      "--grace-period=0",
      "--force",
      "--wait=false",
    ];
    await kubectl(...words);
    await goesOn(runId);
    await kubectl("rollout", "status", "statefulset/malachite", "--timeout=170s");
  });
});
