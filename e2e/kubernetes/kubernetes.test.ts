// Runs on a real Kubernetes cluster of one node, with a real service: on a volume that both see, and with none.
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import {
  type ClusterUnderTest,
  type Door,
  freePort,
  openDoor,
  startCluster,
  withoutCluster,
} from "@malachite/server/conformance";
import { Home } from "../support/cli.ts";
import { lostRecord } from "../support/lostRecord.ts";
import { cancel, ended, fileOf, reached, story, submit } from "../support/runs.ts";
import { ROOT, Service, until, workspacePath } from "../support/service.ts";
import { NODE } from "./coreDns.ts";
import { loadMpiImage } from "./mpiImage.ts";
import { overGpus } from "./overGpus.ts";
import { overNames } from "./overNames.ts";
import { overPods } from "./overPods.ts";

const LONG_MS = 120_000;
const WAITS =
  "import os, time\nprint('up', flush=True)\nwhile not os.path.exists('go'): time.sleep(0.1)\nprint('done')";
/** Logs a metric through the service, with nothing but the standard library, and leaves a file. */
const REPORT = `
import json, os, sys, urllib.request
body = {"run_id": os.environ["MLFLOW_RUN_ID"], "key": "loss", "value": 0.25, "timestamp": 1, "step": 1}
ask = urllib.request.Request(os.environ["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/runs/log-metric", json.dumps(body).encode(),
    {"authorization": "Bearer " + os.environ["AZUREML_RUN_TOKEN"], "content-type": "application/json"}, method="POST")
print("metric", urllib.request.urlopen(ask).status, sys.argv[1:], flush=True)
os.makedirs("outputs/deep"); open("outputs/deep/model.bin", "wb").write(b"x" * 100000)
`;

describe("runs on Kubernetes", { skip: withoutCluster() ?? false, timeout: 900_000 }, () => {
  const home = new Home();
  let cluster: ClusterUnderTest;
  let service: Service;
  let door: Door | undefined;

  before(async () => {
    cluster = await startCluster();
    const settings = join(home.folder, "settings.yaml");
    const common = {
      kind: "kubernetes",
      kubeconfig: cluster.kubeconfig,
      image: cluster.image,
      imagePullPolicy: "Never",
    };
    const volume = { hostPath: home.folder };
    const target = {
      pods: { ...common, volume },
      small: { ...common, volume, memoryMiB: 64 },
      named: { ...common, volume, dns: true },
      tight: { ...common, volume, namespace: "tight" },
      away: common,
      "away-small": { ...common, memoryMiB: 96 },
      "away-named": { ...common, dns: true },
      gpus: { ...common, volume, gpus: 2 },
      "away-gpus": { ...common, gpus: 2 },
      narrow: { ...common, volume, namespace: "narrow", kubeconfig: await accountOf("malachite") },
      none: { ...common, volume, namespace: "narrow", kubeconfig: await accountOf("default") },
    };
    writeFileSync(settings, JSON.stringify({ target }));
    // The service listens on loopback alone; pods reach it by a door on the address of their node.
    const port = await freePort();
    door = await openDoor({ port, host: "127.0.0.1" }, { host: "0.0.0.0" });
    const flags = [
      ...["--settings", settings, "--grace-seconds", "2", "--port", String(port)],
      ...["--public-url", `http://${NODE}:${door.port}`],
    ];
    service = await Service.start({ flags });
  });
  after(async () => {
    await service?.[Symbol.asyncDispose]();
    await cluster?.kubectl("delete", "jobs,secrets", "-l", "malachite.service", "--wait=true");
    await cluster?.kubectl("delete", "namespace", "narrow", "tight", "--ignore-not-found", "--wait=false");
    await cluster?.[Symbol.asyncDispose]();
    await door?.shut();
    await home[Symbol.asyncDispose]();
  });

  /** A kubeconfig of an account in a namespace that has what deploy/kubernetes gives. */
  async function accountOf(name: string): Promise<string> {
    if (name === "malachite") {
      await cluster.kubectl("create", "namespace", "narrow");
      await cluster.kubectl(
        "apply",
        "-n",
        "narrow",
        "-f",
        join(ROOT, "deploy/kubernetes/service/access.yaml"),
      );
      await until("its account", async () =>
        (await cluster.kubectl("get", "sa", "-n", "narrow", "-o", "name")).includes("default"),
      );
    }
    const token = (await cluster.kubectl("create", "token", name, "-n", "narrow", "--duration=1h")).trim();
    const config = readFileSync(cluster.kubeconfig, "utf8").replace(/token: "[^"]+"/, `token: "${token}"`);
    const file = join(home.folder, `${name}.conf`);
    writeFileSync(file, config, { mode: 0o600 });
    return file;
  }

  const on = (target: string, more: object = {}) => ({
    target,
    environment: { python: { userManagedDependencies: true, interpreterPath: "python" } },
    ...more,
  });
  const start = (target: string, script: string, more: object = {}) =>
    submit(service, { files: { "main.py": script }, configuration: on(target, more) });
  const logOf = async (runId: string) => String(await fileOf(service, runId).catch(() => ""));
  const saying = (runId: string, text: string) =>
    until(`'${text}' in the log`, async () => (await logOf(runId)).includes(text), LONG_MS);
  const folders = () =>
    readdirSync(join(home.folder, "malachite-runs")).filter((name) => /^[a-z]/.test(name));
  const why = async (runId: string) =>
    (await service.json<{ summary: string }>("GET", `/malachite/v1.0${workspacePath}/runs/${runId}/why`))
      .summary;
  const jobs = () =>
    cluster.kubectl("get", "jobs,pods,secrets", "-A", "-l", "malachite.service", "-o", "name");
  const free = () => until("all to be freed", async () => (await jobs()).trim() === "", LONG_MS);

  it("of which a service has lost the record leave nothing on a volume that it shares with another", async () => {
    const shared = join(home.folder, "shared");
    mkdirSync(shared);
    const settings = join(home.folder, "sharing.yaml");
    const { kubeconfig, image } = cluster;
    const pods = {
      kind: "kubernetes",
      kubeconfig,
      image,
      imagePullPolicy: "Never",
      volume: { hostPath: shared },
    };
    writeFileSync(settings, JSON.stringify({ target: { pods } }));
    const conditions = (key: string) =>
      cluster.kubectl(
        ...["get", "jobs", "-l", `malachite.key=${key}`],
        ...["-o", "jsonpath={.items[*].status.conditions[*].type}"],
      );
    await lostRecord({
      ...{ settings, configuration: on("pods"), runs: join(shared, "malachite-runs") },
      goesOn: async (key) => !/Complete|Failed/.test(await conditions(key)),
    });
    await free();
  });

  for (const target of ["pods", "away"]) {
    describe(target === "away" ? "without a volume" : "on a volume", () => {
      it("have their project, arguments and token, and their outputs are kept", async () => {
        const runId = await start(target, REPORT, { arguments: ["a b", "$(HOME)"] });
        const run = await ended(service, runId);
        assert.equal(run.status, "Completed", `${await logOf(runId)} ${JSON.stringify(run.error)}`);
        assert.equal(await logOf(runId), "metric 200 ['a b', '$(HOME)']\n");
        assert.equal((await fileOf(service, runId, "outputs/deep/model.bin")).length, 100_000);
        await free();
      });

      it("show their log while they run, and end when they are canceled", async () => {
        const runId = await start(target, WAITS);
        await saying(runId, "up");
        // Its log is read where it lies, and may be there before the cluster tells that its pod runs.
        await reached(service, runId, "Running");
        await cancel(service, runId);
        assert.equal((await ended(service, runId)).status, "Canceled");
        await free();
      });

      it("tell their exit code and the error of their script", async () => {
        const run = await ended(service, await start(target, "print('last words')\nraise SystemExit(7)"));
        assert.equal(run.status, "Failed");
        assert.match(JSON.stringify(run), /exit code 7/);
      });

      it("go on while the service is killed, and end under the next one", async () => {
        const script = "import time\nprint('up', flush=True)\ntime.sleep(6)\nprint('done')";
        const runId = await start(target, script);
        await saying(runId, "up");
        await service.kill("SIGKILL");
        await service.start();
        await reached(service, runId, "Completed");
        assert.equal(await logOf(runId), "up\ndone\n");
        assert.equal((await story(service, runId)).filter(({ event }) => event === "started").length, 1);
      });
    });
  }

  let mpi: Promise<void> | undefined;
  const mpiImage = () => (mpi ??= loadMpiImage(cluster));
  const under = { service: () => service, cluster: () => cluster, start, why, free, mpiImage };

  describe("of several nodes", () => {
    const targets = { pods: "pods", named: "named", small: "small" };
    overPods({ ...under, onVolume: true, targets });
  });

  describe("of several nodes without a volume", () => {
    const targets = { pods: "away", named: "away-named", small: "away-small" };
    overPods({ ...under, onVolume: false, targets });
  });

  describe("of several nodes whose pods have names", () => {
    overNames({ ...under, targets: ["named", "away-named"] });
  });

  describe("with GPUs", () => {
    overGpus(["gpus", "away-gpus"], under);
  });

  it("say that memory was what ended one", async () => {
    const run = await ended(service, await start("small", "x = bytearray(300 << 20)"));
    assert.match(JSON.stringify(run), /OutOfMemory/);
  });

  it("say what they wait for, and fail by an image that nobody has", async () => {
    const image = {
      environment: { python: { userManagedDependencies: true }, docker: { baseImage: "no/Such:image:1" } },
    };
    const run = await ended(service, await start("pods", "", image));
    assert.equal(run.status, "Failed");
    assert.match(JSON.stringify(run), /InvalidImageName/);
    const runId = await start("pods", "", { docker: { useDocker: true, arguments: ["--cpus", "64"] } });
    await until("the reason", async () => /Insufficient cpu/.test(await why(runId)), LONG_MS);
    await cancel(service, runId);
    assert.equal((await ended(service, runId)).status, "Canceled");
  });

  it("wait for a quota, in its own words", async () => {
    await cluster.kubectl("create", "namespace", "tight");
    await cluster.kubectl("create", "quota", "none", "--hard=pods=0", "-n", "tight");
    const runId = await start("tight", "print('let in')");
    await until("the reason", async () => /exceeded quota: none/.test(await why(runId)), LONG_MS);
    await cluster.kubectl("delete", "quota", "none", "-n", "tight");
    await reached(service, runId, "Completed");
    await free();
    await cluster.kubectl("delete", "namespace", "tight", "--wait=false");
  });

  it("need of a cluster no more than deploy/kubernetes/service/access.yaml gives, and say what is missing", async () => {
    await reached(service, await start("narrow", "print('in')"), "Completed");
    await assert.rejects(start("none", ""), /may not do this in the namespace 'narrow'.*create jobs/);
    await free();
    await cluster.kubectl("delete", "namespace", "narrow", "--wait=false");
  });

  it("are told from others when somebody removes their pod", async () => {
    const runId = await start("pods", WAITS);
    await saying(runId, "up");
    await cluster.kubectl("delete", "pods", "-l", "malachite.service", "--grace-period=0", "--force");
    const run = await ended(service, runId);
    assert.equal(run.status, "Failed");
    assert.match(JSON.stringify(run.error), /Pod .* was deleted, and not by this service/);
    await free();
    assert.deepEqual(folders(), []);
  });
});
