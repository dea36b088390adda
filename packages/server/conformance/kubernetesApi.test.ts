// What the kubernetes driver makes of a cluster that refuses, fails, forgets and falls silent: a scripted API server, always.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import {
  type ComputeDriver,
  type Handle,
  isMalachiteError,
  type LaunchKey,
  type LaunchPlan,
  type Sighting,
} from "@malachite/core";
import type { DriverUnderTest } from "./computeDriver.ts";
import { kubernetesDriverOnScript } from "./kubernetesDriverUnderTest.ts";
import type { ScriptedCluster } from "./scriptedCluster.ts";
import type { Thing } from "./scriptedObjects.ts";

const signal = new AbortController().signal;
const isUnavailable = (error: unknown): boolean =>
  isMalachiteError(error) && error.code === "EngineUnavailable";

describe("the kubernetes driver, by what the API server does", () => {
  let cluster: ScriptedCluster;
  let under: DriverUnderTest;
  let driver: ComputeDriver;
  let folder = "";
  let ahead = 0;
  let serial = 0;

  before(async () => {
    ({ cluster, folder, under } = await kubernetesDriverOnScript({
      options: { startSeconds: 60 },
      now: () => Date.now() + ahead,
    }));
    driver = under.driver;
  });
  after(async () => under[Symbol.asyncDispose]());

  const planOf = (argv: readonly string[], more: Partial<LaunchPlan> = {}): LaunchPlan => ({
    key: `api-${serial++}` as LaunchKey,
    target: under.target,
    argv,
    environment: {},
    folders: ["outputs"],
    nodes: 1,
    ...more,
  });
  const launch = (argv: readonly string[], more?: Partial<LaunchPlan>, secrets = {}): Promise<Handle> =>
    driver.launch({ plan: planOf(argv, more), secrets }, signal);
  const sight = async (handle: Handle): Promise<Sighting | undefined> =>
    (await driver.observe([handle], signal)).get(handle.key);
  async function until<T>(what: string, fact: () => Promise<T | undefined | false>): Promise<T> {
    for (const begun = performance.now(); ; await pause(10)) {
      const found = await fact();
      if (found !== undefined && found !== false) return found;
      assert.ok(performance.now() - begun < 60_000, `not within a minute: ${what}`);
    }
  }
  const jobOf = ({ key }: Handle): Thing =>
    cluster.things("jobs").find(({ metadata }) => metadata.labels["malachite.key"] === key) ??
    assert.fail(`no job of ${key}`);
  const podsOf = ({ key }: Handle): Thing[] =>
    cluster.things("pods").filter(({ metadata }) => metadata.labels["malachite.key"] === key);
  const waiting = (handle: Handle, why: RegExp) =>
    until(String(why), async () => {
      const seen = await sight(handle);
      return seen?.at === "waiting" && why.test(seen.why ?? "") && seen;
    });
  const ended = (handle: Handle) =>
    until("the end", async () => {
      const seen = await sight(handle);
      return seen?.at === "ended" && seen;
    });

  describe("why a run waits, and when waiting is over", () => {
    it("a quota is waited for, in its own words", async () => {
      const handle = await launch(["quota"]);
      await waiting(handle, /no pod.*exceeded quota: small, requested: pods=1/);
      ahead += 600_000;
      await waiting(handle, /exceeded quota/);
    });

    it("a rule that no pod of it can keep fails it after a while", async () => {
      const handle = await launch(["rule"]);
      await waiting(handle, /violates PodSecurity "restricted:latest"/);
      ahead += 61_000;
      assert.match((await ended(handle)).failure ?? "", /makes no pod.*violates PodSecurity/);
    });

    it("no node with room is waited for", async () => {
      await waiting(
        await launch(["unschedulable"]),
        /taken by no node.*0\/3 nodes are available: 3 Insufficient cpu/,
      );
    });

    it("an image that does not come fails it after a while, a name that is none at once", async () => {
      const handle = await launch(["bad-image", "no/such:1"]);
      await waiting(
        handle,
        /image of pod .* cannot be had: ImagePullBackOff: Back-off pulling image "no\/such:1"/,
      );
      ahead += 61_000;
      assert.match((await ended(handle)).failure ?? "", /ImagePullBackOff/);
      assert.match((await ended(await launch(["no-such-name", "A:B:C"]))).failure ?? "", /InvalidImageName/);
    });

    it("what a node still brings is told", async () => {
      const handle = await launch(["creating"]);
      await waiting(handle, /Node node-1 is making the container/);
      const [pod] = podsOf(handle);
      const involvedObject = { kind: "Pod", name: pod?.metadata.name };
      const tells = (reason: string, message: string, second: number) =>
        cluster.add("events", `of-a-pod-${second}`, {
          ...{ involvedObject, reason, message },
          lastTimestamp: new Date(second * 1000).toISOString(),
        });
      tells("FailedMount", "hostPath type check failed", 2);
      ahead += 4000;
      await waiting(handle, /Node node-1 cannot make .* yet: FailedMount: hostPath type check failed/);
      tells("Pulling", "Pulling image", 3);
      ahead += 4000;
      await waiting(handle, /Node node-1 is making the container/);
    });

    it("a job that is suspended by others waits for them", async () => {
      const handle = await launch(["no-pod"]);
      cluster.change("jobs", jobOf(handle).metadata.name, ({ spec }) => {
        spec.suspend = true;
      });
      await waiting(handle, /suspended/);
    });
  });

  describe("how it ends without an exit record", () => {
    const gone = async (handle: Handle) => {
      await until("over", async () =>
        (await sight(handle))?.at === "running" ? jobOf(handle).status?.conditions : false,
      );
      return until("gone", async () => {
        ahead += 6000;
        const seen = await sight(handle);
        return seen?.at === "gone" && seen;
      });
    };
    it("by memory", async () => {
      const { signal: name, outOfMemory } = await ended(await launch(["oom"]));
      assert.deepEqual({ name, outOfMemory }, { name: "SIGKILL", outOfMemory: true });
    });
    it("evicted, in the words of the node", async () => {
      assert.match(
        (await gone(await launch(["evicted"]))).taken ?? "",
        /Evicted: The node was low on resource: memory/,
      );
    });
    it("preempted", async () => {
      assert.match(
        (await gone(await launch(["preempted"]))).taken ?? "",
        /PreemptionByScheduler: preempting/,
      );
    });
    it("killed by nobody knows whom", async () => {
      assert.match((await gone(await launch(["vanish"]))).taken ?? "", /ended with exit code 137/);
    });
  });

  describe("questions that fail", () => {
    it("are asked again when the server is too busy", async () => {
      cluster.faults.push(
        { on: /POST .*jobs/, status: 429, retryAfter: 0 },
        { on: /POST .*jobs/, status: 503, retryAfter: 0 },
      );
      assert.equal((await ended(await launch(["exit", "3"]))).code, 3);
    });

    it("may have been heard: the launch is found, and is the same", async () => {
      for (const drop of ["before", "after"] as const) {
        // Also on a connection that is new.
        cluster.faults.push({ on: /POST .*jobs/, drop, times: 12 });
        const plan = planOf(["exit", "4"]);
        await assert.rejects(driver.launch({ plan, secrets: {} }, signal), isUnavailable);
        cluster.faults.length = 0;
        const found = await driver.find(plan.target, plan.key, signal);
        assert.equal(found !== undefined, drop === "after");
        const handle = await driver.launch({ plan, secrets: {} }, signal);
        assert.equal((await ended(handle)).code, 4);
        assert.equal(
          cluster.things("pods").filter(({ metadata }) => metadata.labels["malachite.key"] === plan.key)
            .length,
          1,
        );
      }
    });

    it("refuse the launch in the words of the server, and leave nothing behind", async () => {
      cluster.faults.push({ on: /POST .*jobs/, status: 422, message: "spec.template: Invalid value" });
      const plan = planOf(["exit", "0"]);
      await assert.rejects(
        driver.launch({ plan, secrets: { TOKEN: "x" } }, signal),
        /did not take the job.*Invalid value/,
      );
      assert.equal(await driver.find(plan.target, plan.key, signal), undefined);
      assert.deepEqual(
        cluster.things("secrets").filter(({ metadata }) => metadata.labels["malachite.key"] === plan.key),
        [],
      );
    });

    it("are no news of a run: forbidden, failing, without an answer", async () => {
      const handle = await launch(["forever"]);
      await until("running", async () => (await sight(handle))?.at === "running");
      for (const fault of [{ status: 403 }, { status: 500 }, { drop: "before", times: 12 }] as const) {
        cluster.faults.push({ on: /GET .*jobs\?.*limit=1&/, ...fault });
        await assert.rejects(sight(handle), isUnavailable);
        cluster.faults.length = 0;
      }
      assert.equal((await sight(handle))?.at, "running");
    });

    it("of a target say what is wrong with it", async () => {
      cluster.faults.push({ on: /selfsubjectaccessreviews/, status: 403, message: "no such user" });
      ahead += 60_000;
      const health = await driver.check(under.target, signal);
      assert.match(health.usable ? "" : health.reason, /no such user/);
      assert.deepEqual(await driver.check(under.target, signal), { usable: true });
      const options = { ...under.target.options, namespace: "nowhere" };
      const none = await driver.check({ ...under.target, options }, signal);
      assert.match(none.usable ? "" : none.reason, /^There is no namespace 'nowhere' in http:/);
      const claim = { ...under.target.options, volume: { persistentVolumeClaim: "nowhere" }, folder };
      const other = await driver.check({ ...under.target, options: claim }, signal);
      assert.match(other.usable ? "" : other.reason, /no claim 'nowhere'/);
    });

    it("of a kubeconfig that is another now are asked by that, and runs that are at work are seen by it", async () => {
      const handle = await launch(["forever"]);
      await until("running", async () => (await sight(handle))?.at === "running");
      const file = String(under.target.options.kubeconfig);
      const config = readFileSync(file, "utf8");
      // Nobody listens there.
      writeFileSync(file, config.replace(cluster.url, "https://127.0.0.1:1"));
      const health = await driver.check(under.target, signal);
      assert.match(health.usable ? "" : health.reason, /server https:\/\/127\.0\.0\.1:1 does not answer/);
      await assert.rejects(sight(handle), isUnavailable);
      writeFileSync(file, config);
      assert.deepEqual(await driver.check(under.target, signal), { usable: true });
      assert.equal((await sight(handle))?.at, "running");
    });
  });

  describe("the streams of changes", () => {
    const lists = () => cluster.asked.filter((ask) => /GET .*limit=500/.test(ask)).length;
    it("go on where they were cut", async () => {
      await ended(await launch(["exit", "0"]));
      const before = lists();
      cluster.cutStreams();
      assert.equal((await ended(await launch(["exit", "5"]))).code, 5);
      assert.equal(lists(), before);
    });

    it("begin anew with a list when the server has forgotten where they were", async () => {
      const handle = await launch(["forever"]);
      await until("running", async () => (await sight(handle))?.at === "running");
      const before = lists();
      cluster.cutStreams({ forget: true });
      await until("new lists", async () => lists() >= before + 2);
      const other = await launch(["evicted"]);
      await until("its pod", async () => (await sight(other))?.at === "running");
      assert.equal((await sight(handle))?.at, "running");
    });

    it("tell the watcher at once", async () => {
      const end = new AbortController();
      const told = new Set<string>();
      const listening = (async () => {
        for await (const key of driver.hints(end.signal)) told.add(key);
      })();
      const handle = await launch(["oom"]);
      await until("a hint", async () => told.has(handle.key));
      end.abort();
      await listening;
    });
  });

  describe("what the cluster is given", () => {
    it("holds secrets in a secret alone, which goes with the job", async () => {
      const handle = await launch(["exit", "0"], {}, { TOKEN: "s3cr3t" });
      assert.ok(!JSON.stringify([cluster.things("jobs"), cluster.things("pods")]).includes("s3cr3t"));
      const secret = cluster
        .things("secrets")
        .find(({ metadata }) => metadata.labels["malachite.key"] === handle.key);
      assert.equal(Buffer.from(secret?.data.TOKEN, "base64").toString(), "s3cr3t");
      assert.equal(secret?.metadata.ownerReferences?.[0]?.uid, jobOf(handle).metadata.uid);
      await driver.release(handle, signal);
      assert.deepEqual(
        cluster.things("secrets").filter(({ metadata }) => metadata.labels["malachite.key"] === handle.key),
        [],
      );
    });

    it("is a pod for each node, and names for them where the target says that there are some", async () => {
      const process = { name: "rank", node: 0, argv: ["x"], environment: {}, log: "user_logs/x.txt" };
      const group = {
        starter: "direct",
        ports: [],
        environment: {},
        graceMs: 1,
        processes: [process],
      } as const;
      const target = { ...under.target, options: { ...under.target.options, dns: true } };
      const handle = await launch(["no-pod"], { nodes: 2, group, target });
      const { metadata, spec } = jobOf(handle);
      assert.deepEqual([spec.completions, spec.parallelism, spec.completionMode], [2, 2, "Indexed"]);
      assert.equal(spec.template.spec.subdomain, metadata.name);
      const [names] = cluster.things("services");
      assert.equal(names?.metadata.name, metadata.name);
      assert.equal(names?.spec.clusterIP, "None");
      assert.deepEqual(names?.spec.selector, {
        "malachite.service": metadata.labels["malachite.service"],
        "malachite.key": handle.key,
      });
      assert.equal(names?.metadata.ownerReferences?.[0]?.uid, metadata.uid);
      await driver.stop(handle, 0, signal);
      await driver.release(handle, signal);
    });

    it("is what the options of the target say", async () => {
      const options = {
        ...under.target.options,
        ...{
          cpus: 1.5,
          memoryMiB: 256,
          nodeSelector: { disk: "ssd" },
          priorityClass: "high",
          serviceAccount: "runs",
        },
        ...{
          tolerations: [{ key: "gpu", operator: "Exists" }],
          imagePullSecrets: ["registry"],
          labels: { team: "a" },
        },
        ...{ annotations: { note: "b" }, ttlSeconds: 120, runtimeClass: "nvidia" },
      };
      const handle = await launch(["exit", "0"], { target: { ...under.target, options }, gpusPerNode: 2 });
      const { metadata, spec } = jobOf(handle);
      const pod = spec.template.spec;
      const limits = { memory: String(256 * 2 ** 20), cpu: "1500m", "nvidia.com/gpu": "2" };
      assert.deepEqual(pod.containers[0].resources, { limits, requests: limits });
      assert.deepEqual(
        [pod.nodeSelector, pod.priorityClassName, pod.serviceAccountName],
        [{ disk: "ssd" }, "high", "runs"],
      );
      assert.deepEqual(
        [pod.tolerations[0].key, pod.imagePullSecrets[0].name, pod.runtimeClassName],
        ["gpu", "registry", "nvidia"],
      );
      assert.deepEqual(
        [metadata.labels.team, metadata.annotations.note, spec.ttlSecondsAfterFinished],
        ["a", "b", 120],
      );
    });

    it("is refused by name where a pod cannot be so: an indexed job names its pods itself", async () => {
      const image = { reference: "image", arguments: ["--hostname", "node-0"] };
      await assert.rejects(
        launch(["exit", "0"], { image }),
        /--hostname is not taken by a Kubernetes target/,
      );
    });

    it("is no job of the same name that somebody else has made", async () => {
      const plan = planOf(["exit", "0"]);
      const handle = await driver.launch({ plan, secrets: {} }, signal);
      cluster.change("jobs", jobOf(handle).metadata.name, ({ metadata }) => {
        metadata.labels["malachite.service"] = "another";
      });
      await assert.rejects(
        driver.launch({ plan, secrets: {} }, signal),
        /taken by a job that this service did not make/,
      );
      cluster.change("jobs", jobOf(handle).metadata.name, ({ metadata, spec }) => {
        metadata.labels["malachite.service"] = spec.template.metadata.labels["malachite.service"];
      });
    });
  });
});
