// What the kubernetes driver makes of pods that share no volume, each with a courier of its own: a scripted API server, always. What couriers
// send, the test sends.
import assert from "node:assert/strict";
import { realpathSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { Handle, LaunchKey, LaunchPlan, Sighting } from "@malachite/core";
import type { AwayCourier } from "../src/adapters/compute/courier/index.ts";
import { collect, type DriverUnderTest, readAll } from "./computeDriver.ts";
import { courierIn } from "./courierUnderTest.ts";
import { kubernetesDriverOn } from "./kubernetesDriverUnderTest.ts";
import { type ScriptedCluster, startScriptedCluster } from "./scriptedCluster.ts";

const signal = new AbortController().signal;
const RUNNING = {
  phase: "Running",
  containerStatuses: [{ state: { running: { startedAt: "2026-01-01T00:00:00Z" } } }],
};
const over = (exitCode: number, reason: string) => ({
  phase: exitCode === 0 ? "Succeeded" : "Failed",
  containerStatuses: [{ state: { terminated: { exitCode, reason, startedAt: "2026-01-01T00:00:00Z" } } }],
});

describe("the kubernetes driver, with pods that share no volume", () => {
  let cluster: ScriptedCluster;
  let under: DriverUnderTest;
  let courier: AwayCourier;
  let url = "http://service.example.org";
  let ahead = 0;
  let serial = 0;

  before(async () => {
    cluster = await startScriptedCluster();
    const folder = await mkdtemp(join(realpathSync(tmpdir()), "malachite-kubernetes-nodes-"));
    // Where the runs of a target with a volume would be.
    await mkdir(join(folder, "malachite-runs"));
    courier = courierIn(folder);
    under = await kubernetesDriverOn({
      server: cluster.url,
      cluster: { "insecure-skip-tls-verify": true },
      ...{ folder, courier },
      user: userInfo(),
      options: { volume: undefined },
      serviceUrl: () => url,
      now: () => Date.now() + ahead,
      async end() {
        await cluster[Symbol.asyncDispose]();
        await courier[Symbol.asyncDispose]();
        await rm(folder, { recursive: true });
      },
    });
  });
  after(async () => under[Symbol.asyncDispose]());

  it("are refused beforehand by a service that calls itself by an address of loopback", async () => {
    url = "http://127.0.0.1:7464";
    const health = await under.driver.check(under.target, signal);
    url = "http://service.example.org";
    assert.match(
      health.usable ? "" : health.reason,
      /^Pods .* 'box' cannot reach the service at http:\/\/127\.0\.0\.1:7464\. .*--public-url/,
    );
    assert.deepEqual(await under.driver.check(under.target, signal), { usable: true });
  });

  const planOf = (options: object = {}): LaunchPlan => ({
    key: `nodes-${serial++}` as LaunchKey,
    target: { ...under.target, options: { ...under.target.options, ...options } },
    argv: ["python3", "../group.py"],
    environment: {
      AZUREML_SERVICE_ENDPOINT: "http://service.example.org",
      AZUREML_WORKSPACE_SCOPE: "/subscriptions/s",
      AZUREML_RUN_ID: "run",
    },
    folders: ["outputs"],
    nodes: 2,
    group: {
      ...{ starter: "direct", ports: [], environment: {}, graceMs: 1 },
      processes: [0, 1].map((node) => ({
        ...{ name: `rank ${node}`, node, argv: ["x"], environment: {} },
        log: `user_logs/std_log_process_${node}.txt`,
      })),
    },
    image: { reference: "image", arguments: [] },
    away: { home: ["user_logs", "project/outputs"], folders: [] },
  });
  const sight = async (handle: Handle): Promise<Sighting | undefined> =>
    (await under.driver.observe([handle], signal)).get(handle.key);
  const jobOf = (key: LaunchKey) =>
    cluster.things("jobs").find(({ metadata }) => metadata.labels["malachite.key"] === key) ?? assert.fail();
  const podsOf = (key: LaunchKey) =>
    cluster.things("pods").filter(({ metadata }) => metadata.labels["malachite.key"] === key);

  async function seen(handle: Handle, what: string, is: (sighting: Sighting) => boolean): Promise<Sighting> {
    for (const begun = performance.now(); ; await pause(10)) {
      const sighting = await sight(handle);
      if (sighting !== undefined && is(sighting)) return sighting;
      assert.ok(performance.now() - begun < 60_000, `${what}: ${JSON.stringify(sighting)}`);
    }
  }
  const at = (handle: Handle, where: Sighting["at"]) => seen(handle, where, (one) => one.at === where);

  /** A launch whose pods are like this. */
  async function launched(...states: readonly object[]): Promise<Handle> {
    const plan = planOf();
    const handle = await under.driver.launch({ plan, secrets: { AZUREML_RUN_TOKEN: "t" } }, signal);
    await seen(handle, "its pods", () => podsOf(plan.key).length === 2);
    for (const [node, state] of states.entries()) becomes(handle, node, state);
    return handle;
  }
  const becomes = ({ key }: Handle, node: number, state: object): void => {
    const name = podsOf(key)[node]?.metadata.name ?? assert.fail(`no pod ${node}`);
    cluster.change("pods", name, (pod) => {
      pod.status = state;
    });
  };
  async function sends({ key }: Handle, node: number, path: string, what: string | object): Promise<void> {
    const text = typeof what === "string" ? what : JSON.stringify(what);
    const head = { path, from: 0, bytes: Buffer.byteLength(text), anew: true };
    await courier.take(
      key,
      (async function* () {
        yield Buffer.from(`${JSON.stringify(head)}\n${text}`);
      })(),
      node,
    );
  }
  const ends = (handle: Handle, node: number, how: object) =>
    sends(handle, node, "exit.json", { version: 1, startedAt: 1, endedAt: 2, ...how });

  it("are pods of one job, each of which is told which it is and where it is", async () => {
    const handle = await launched({}, {});
    const { spec } = jobOf(handle.key);
    assert.deepEqual([spec.completions, spec.parallelism], [2, 2]);
    const [container] = spec.template.spec.containers;
    const told = Object.fromEntries(container.env.map((one: { name: string }) => [one.name, one]));
    assert.equal(told.MALACHITE_PODS.value, "2");
    assert.equal(told.MALACHITE_POD_IP.valueFrom.fieldRef.fieldPath, "status.podIP");
    const one = await under.driver.launch({ plan: planOf({ nodesInOnePod: true }), secrets: {} }, signal);
    assert.equal(jobOf(one.key).spec.completions, 1);
  });

  it("wait for each other, and say for which", async () => {
    const handle = await launched(RUNNING, RUNNING);
    await seen(handle, "the first", (one) => one.at === "waiting" && /fetches/.test(one.why ?? ""));
    await sends(handle, 0, "place.json", { address: "10.0.0.1" });
    await sends(handle, 1, "stage.json", { why: "Its environment is made." });
    await seen(
      handle,
      "the second",
      (one) => one.at === "waiting" && one.why === "Node 1: Its environment is made.",
    );
    await sends(handle, 1, "place.json", { address: "10.0.0.2" });
    assert.deepEqual(await courier.meeting(handle.key), [
      { node: 0, begun: true, address: "10.0.0.1" },
      { node: 1, begun: true, address: "10.0.0.2" },
    ]);
    await sends(handle, 0, "pids", { startedAt: 7 });
    await at(handle, "running");
  });

  it("have ended when all that they bring is home, and of one path that of the first counts", async () => {
    const handle = await launched(RUNNING, RUNNING);
    await sends(handle, 1, "project/outputs/own.txt", "of 1");
    await sends(handle, 0, "project/outputs/both.txt", "of 0");
    await sends(handle, 1, "project/outputs/both.txt", "of 1");
    await sends(handle, 1, "user_logs/std_log_process_0.txt", "of another");
    await sends(handle, 1, "user_logs/std_log_process_1.txt", "its own");
    await ends(handle, 0, { code: 0 });
    await at(handle, "running");
    await ends(handle, 1, { code: 0 });
    await at(handle, "ended");
    const found = await under.driver.find(under.target, handle.key, signal);
    assert.deepEqual(found, handle);
    const folder = under.driver.folder(handle);
    const paths = (await collect(folder.list("project/outputs"))).map(({ path }) => path);
    assert.deepEqual(paths, ["project/outputs/both.txt", "project/outputs/own.txt"]);
    const text = async (path: string) => String(await readAll(folder, path));
    assert.equal(await text("project/outputs/both.txt"), "of 0");
    assert.equal(await text("project/outputs/own.txt"), "of 1");
    assert.equal(await text("user_logs/std_log_process_0.txt"), "");
    assert.equal(await text("user_logs/std_log_process_1.txt"), "its own");
  });

  it("have not ended well where the files of one are lost", async () => {
    const handle = await launched(RUNNING, over(137, "Error"));
    await ends(handle, 0, { code: 0 });
    const sighting = await at(handle, "gone");
    assert.match(JSON.stringify(sighting), /pod of node 1 ended before its files were home.*NodeFailed/);
  });

  it("are waited for also where the cluster has not told yet that one of them has begun", async () => {
    const handle = await launched(RUNNING, { phase: "Pending" });
    await ends(handle, 0, { code: 0 });
    await at(handle, "running");
    await ends(handle, 1, { code: 0 });
    await at(handle, "ended");
  });

  it("end by what one of them ended with, also where the cluster deletes the others for that", async () => {
    const handle = await launched(RUNNING, RUNNING);
    becomes(handle, 1, over(137, "Error"));
    cluster.change("pods", podsOf(handle.key)[0]?.metadata.name ?? "", ({ metadata }) => {
      metadata.deletionTimestamp = "2026-01-01T00:00:01Z";
    });
    for (const node of [0, 1]) await ends(handle, node, { code: null, signal: "SIGKILL" });
    await at(handle, "running");
    becomes(handle, 0, over(137, "Error"));
    assert.equal(((await at(handle, "ended")) as { signal?: string }).signal, "SIGKILL");
  });

  it("end where one fails to begin while another has no place", async () => {
    const handle = await launched(RUNNING, { phase: "Pending" });
    await ends(handle, 0, { code: 125, failure: "no python", stage: "environment" });
    assert.equal(((await at(handle, "ended")) as { failure?: string }).failure, "no python");
  });

  it("end in the cluster's words when it takes one of them away", async () => {
    const disrupted = [
      { type: "DisruptionTarget", status: "True", reason: "EvictionByEvictionAPI", message: "drained" },
    ];
    const handle = await launched(RUNNING, { ...RUNNING, conditions: disrupted });
    // With one of its pods the job has failed, and Kubernetes deletes the others.
    cluster.change("pods", podsOf(handle.key)[0]?.metadata.name ?? "", ({ metadata }) => {
      metadata.deletionTimestamp = "2026-01-01T00:00:01Z";
    });
    await sends(handle, 0, "group-exit.json", {
      failure: "The processes of node 1 ended with signal SIGTERM.",
    });
    await ends(handle, 0, { code: 126 });
    await ends(handle, 1, { code: null, signal: "SIGTERM" });
    assert.match(JSON.stringify(await at(handle, "gone")), /took pod .* away: EvictionByEvictionAPI/);
    // It is gone before anybody looks again.
    cluster.remove("pods", podsOf(handle.key)[1]?.metadata.name ?? "");
    await seen(handle, "its pod to be forgotten", () => podsOf(handle.key).length === 1);
    assert.match(JSON.stringify(await at(handle, "gone")), /took pod .* away: EvictionByEvictionAPI/);
  });

  it("say that memory was what one of them was lost by, and that it was lost where nobody says more", async () => {
    const lost = { failure: "The connection to node 1 was lost.", lost: 1 };
    const first = await launched(RUNNING, RUNNING);
    await sends(first, 0, "group-exit.json", lost);
    await ends(first, 0, { code: 126 });
    await at(first, "running");
    becomes(first, 1, over(137, "OOMKilled"));
    assert.equal(((await at(first, "ended")) as { outOfMemory?: boolean }).outOfMemory, true);
    // The cluster has not told yet that they have begun.
    const quick = await launched({ phase: "Pending" }, { phase: "Pending" });
    for (const node of [0, 1]) await ends(quick, node, { code: null, signal: "SIGKILL" });
    await at(quick, "running");
    for (const node of [0, 1]) becomes(quick, node, over(0, "OOMKilled"));
    assert.equal(((await at(quick, "ended")) as { outOfMemory?: boolean }).outOfMemory, true);
    const second = await launched(RUNNING, RUNNING);
    await sends(second, 0, "group-exit.json", lost);
    await ends(second, 0, { code: 126 });
    await at(second, "running");
    ahead += 6000;
    assert.match(JSON.stringify(await at(second, "gone")), /connection to node 1 was lost.*NodeFailed/);
  });
});
