// What is left on a volume of a launch that no record names, by what the API server says of its job: a scripted one, always.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
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
import { type ScriptedCluster, startScriptedCluster } from "./scriptedCluster.ts";
import type { Thing } from "./scriptedObjects.ts";

const signal = new AbortController().signal;
const isUnavailable = (error: unknown): error is Error =>
  isMalachiteError(error) && error.code === "EngineUnavailable";

describe("what is left on a volume of a launch that no record names", () => {
  let cluster: ScriptedCluster;
  let under: DriverUnderTest;
  let driver: ComputeDriver;
  let folder = "";
  let serial = 0;

  before(async () => {
    ({ cluster, folder, under } = await kubernetesDriverOnScript());
    driver = under.driver;
  });
  after(async () => under[Symbol.asyncDispose]());

  const launch = (argv: readonly string[]): Promise<Handle> => {
    const key = `left-${serial++}` as LaunchKey;
    const plan: LaunchPlan = {
      ...{ key, target: under.target, argv, environment: {}, folders: ["outputs"], nodes: 1 },
    };
    return driver.launch({ plan, secrets: {} }, signal);
  };
  async function until(what: string, fact: () => Promise<boolean>): Promise<void> {
    for (const begun = performance.now(); !(await fact()); await pause(10))
      assert.ok(performance.now() - begun < 60_000, `not within a minute: ${what}`);
  }
  const isAt = (handle: Handle, at: Sighting["at"]) =>
    until(at, async () => (await driver.observe([handle], signal)).get(handle.key)?.at === at);
  const jobOf = ({ key }: Handle): Thing =>
    cluster.things("jobs").find(({ metadata }) => metadata.labels["malachite.key"] === key) ??
    assert.fail(`no job of ${key}`);
  const later = () => Date.now() + 3600_000;
  const place = () => driver.placeAt?.(under.target) ?? assert.fail("no place");
  const free = ({ key }: Handle) => place().free(key, later(), signal);
  const isThere = ({ key }: Handle) => existsSync(join(folder, "malachite-runs", key));

  it("stays while others have suspended its job, and goes with the job when that has ended", async () => {
    const handle = await launch(["no-pod"]);
    const { name } = jobOf(handle).metadata;
    const suspend = (job: Thing) => {
      job.spec.suspend = true;
      job.status = { conditions: [{ type: "Suspended", status: "True" }] };
    };
    cluster.change("jobs", name, suspend);
    assert.equal(await free(handle), false);
    cluster.change("jobs", name, (job) => {
      job.status = { conditions: [{ type: "Failed", status: "True" }] };
    });
    assert.equal(await free(handle), true);
    assert.ok(!isThere(handle) && cluster.things("jobs").every(({ metadata }) => metadata.name !== name));
  });

  it("stays while a pod goes on whose job is gone, and while the cluster cannot be asked", async () => {
    const handle = await launch(["forever"]);
    await isAt(handle, "running");
    cluster.remove("jobs", jobOf(handle).metadata.name);
    assert.equal(await free(handle), false);
    await cluster.down();
    await assert.rejects(free(handle), isUnavailable);
    await cluster.up();
    assert.ok(isThere(handle));
    await driver.release(handle, signal);
  });

  it("stays with a job that was made anew at that moment", async () => {
    const handle = await launch(["exit", "0"]);
    await isAt(handle, "ended");
    const { name } = jobOf(handle).metadata;
    await until("its job has ended", async () => jobOf(handle).status?.conditions !== undefined);
    const isAsked = () =>
      cluster.asked.some((one) => one.startsWith("DELETE") && one.endsWith(`/jobs/${name}`));
    cluster.faults.push({ on: new RegExp(`^DELETE .*/jobs/${name}$`), delayMs: 200 });
    const freeing = assert.rejects(free(handle), /precondition/);
    await until("its job to be removed", async () => isAsked());
    cluster.change("jobs", name, ({ metadata }) => {
      metadata.uid = "another";
    });
    await freeing;
    assert.ok(isThere(handle) && jobOf(handle));
    await driver.release(handle, signal);
  });

  it("stays where its kubeconfig leads to another cluster by now", async () => {
    const handle = await launch(["exit", "0"]);
    await isAt(handle, "ended");
    const kubeconfig = join(folder, "kubeconfig");
    const before = await readFile(kubeconfig, "utf8");
    await using other = await startScriptedCluster();
    await writeFile(kubeconfig, before.replace(cluster.url, other.url));
    driver = await under.restart();
    await assert.rejects(free(handle), (error: Error) => {
      assert.ok(isUnavailable(error) && error.message.includes(`was made at ${cluster.url}`), error.message);
      return true;
    });
    await writeFile(kubeconfig, before);
    driver = await under.restart();
    assert.equal(await free(handle), true);
  });
});
