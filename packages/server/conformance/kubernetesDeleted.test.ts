// What the kubernetes driver makes of a run whose job or pod somebody else deletes: a scripted API server, always.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { Handle, LaunchKey, Sighting } from "@malachite/core";
import type { DriverUnderTest } from "./computeDriver.ts";
import { kubernetesDriverOnScript } from "./kubernetesDriverUnderTest.ts";
import type { ScriptedCluster } from "./scriptedCluster.ts";
import type { Thing } from "./scriptedObjects.ts";

const signal = new AbortController().signal;
const DELETED = /^Pod .* on node node-1 was deleted, and not by this service\.$/;

describe("the kubernetes driver, when somebody else deletes", () => {
  let cluster: ScriptedCluster;
  let under: DriverUnderTest;
  let ahead = 0;
  let serial = 0;

  before(async () => {
    ({ cluster, under } = await kubernetesDriverOnScript({ now: () => Date.now() + ahead }));
  });
  after(async () => under[Symbol.asyncDispose]());

  const sight = async (handle: Handle): Promise<Sighting | undefined> =>
    (await under.driver.observe([handle], signal)).get(handle.key);
  async function seen(handle: Handle, at: Sighting["at"]): Promise<Sighting> {
    for (const begun = performance.now(); ; await pause(10)) {
      const sighting = await sight(handle);
      if (sighting?.at === at) return sighting;
      assert.ok(performance.now() - begun < 60_000, `not ${at} within a minute: ${JSON.stringify(sighting)}`);
    }
  }
  async function launch(word: string): Promise<Handle> {
    const key = `deleted-${serial++}` as LaunchKey;
    const plan = { key, target: under.target, argv: [word], environment: {}, folders: [], nodes: 1 };
    const handle = await under.driver.launch({ plan, secrets: {} }, signal);
    await seen(handle, word === "no-pod" ? "waiting" : "running");
    return handle;
  }
  const of = (kind: string, { key }: Handle): Thing =>
    cluster.things(kind).find(({ metadata }) => metadata.labels["malachite.key"] === key) ??
    assert.fail(`no ${kind} of ${key}`);
  const remove = (kind: string, handle: Handle) => cluster.remove(kind, of(kind, handle).metadata.name);
  const marks = (kind: string, handle: Handle) =>
    cluster.change(kind, of(kind, handle).metadata.name, ({ metadata }) => {
      metadata.deletionTimestamp = new Date().toISOString();
    });
  /** As the cluster tells of a job whose only pod is gone. */
  const fails = (handle: Handle) =>
    cluster.change("jobs", of("jobs", handle).metadata.name, (job) => {
      job.status = { conditions: [{ type: "Failed", status: "True", reason: "BackoffLimitExceeded" }] };
    });
  /** What is told once it is over for longer than a record may take to be seen. */
  async function taken(handle: Handle): Promise<string> {
    const first = await sight(handle);
    if (first?.at === "running") ahead += 6000;
    const sighting = await seen(handle, "gone");
    return (sighting.at === "gone" && sighting.taken) || "";
  }

  it("its pod, which has the time to end: the record of that is not all that is told", async () => {
    const handle = await launch("forever");
    marks("pods", handle);
    assert.match(await taken(handle), DELETED);
  });

  it("its pod, by force", async () => {
    const handle = await launch("hang");
    remove("pods", handle);
    fails(handle);
    assert.match(await taken(handle), DELETED);
  });

  it("its job, with or without waiting for its pods", async () => {
    const waiting = await launch("forever");
    marks("jobs", waiting);
    marks("pods", waiting);
    assert.match(await taken(waiting), DELETED);
    const handle = await launch("hang");
    remove("jobs", handle);
    remove("pods", handle);
    assert.match(await taken(handle), DELETED);
  });

  it("its job, before that had a pod", async () => {
    const handle = await launch("no-pod");
    remove("jobs", handle);
    assert.match(await taken(handle), /^Its job was removed from the cluster, and not by this service\.$/);
  });

  it("and not when the service ends it itself", async () => {
    const handle = await launch("forever");
    await under.driver.stop(handle, 1000, signal);
    const sighting = await seen(handle, "ended");
    assert.equal(sighting.at === "ended" && sighting.signal, "SIGTERM");
  });
});
