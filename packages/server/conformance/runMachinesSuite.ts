// Runs at work on targets of which each machine has its own: they are bound to the machine that claimed them.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type Capacity,
  type LeasedRun,
  type Needs,
  PLAIN_NEEDS,
  type RunStatus,
  type Scope,
} from "@malachite/core";
import { create, freshScope, newRun } from "./recordsUnderTest.ts";
import type { RecordsBench } from "./runStore.ts";

export function runMachinesSuite(bench: RecordsBench): void {
  const ids = (claimed: readonly LeasedRun[]) => claimed.map(({ run }) => run.id);
  const claim = (scope: Scope, capacity: Capacity) =>
    bench.records.runs.claimQueued({
      pool: scope.workspace,
      capacity,
      owner: "server-1",
      at: 0,
      until: 1_000,
    });

  describe("several machines", () => {
    it("leaves the abandoned runs of another machine to its servers", async () => {
      const { runs } = bench.records;
      const scope = freshScope();
      for (const id of ["a", "b", "c", "free"]) await create(runs, newRun(scope, id));
      const one = { places: 1, gpus: [0], machine: "one" };
      const two = { places: 1, gpus: [0], machine: "two" };
      const [a] = await claim(scope, one);
      const [b] = await claim(scope, two);
      assert.deepEqual([a?.run.id, b?.run.id], ["a", "b"], "each machine has places of its own");
      assert.deepEqual(await claim(scope, one), []);
      assert.ok(a && b);
      const next = { scope, id: "c" };
      assert.deepEqual(
        (await runs.standing(next, one))?.holders.map(({ runId }) => runId),
        ["a"],
      );
      const heir = { owner: "heir", at: 2_000, until: 3_000, force: false, limit: 10_000 };
      const of = async (machine: string) =>
        ids(await runs.claimAbandoned({ ...heir, machine })).filter((id) => ["a", "b"].includes(id));
      const own = async (machine: string) =>
        (await runs.claimAbandoned({ ...heir, machine })).filter(
          ({ run }) => run.scope.workspace === scope.workspace,
        );
      assert.deepEqual(ids(await own("two")), ["b"]);
      assert.deepEqual(ids(await own("one")), ["a"]);
      assert.deepEqual(await of("three"), []);
      await runs.letGo((await claim(scope, { places: 2, machine: "two" }))[0]?.lease ?? a.lease);
      assert.deepEqual(
        ids(await claim(scope, { places: 3, machine: "one" })),
        ["c", "free"],
        "not bound before it has begun",
      );
    });

    it("tells of a run at work that nobody holds, since when, and whose it is", async () => {
      const { runs } = bench.records;
      const scope = freshScope();
      for (const id of ["a", "waits"]) await create(runs, newRun(scope, id));
      const [a] = await claim(scope, { places: 1, machine: "one" });
      assert.ok(a);
      const hands = (id: string, at: number) => runs.hands({ scope, id }, at);
      const held = { isHeld: true, machine: "one" };
      assert.deepEqual(await hands("a", 999), held);
      assert.deepEqual(await hands("a", 1_000), { isHeld: false, machine: "one", since: 1_000 });
      assert.equal(await hands("waits", 1_000), undefined, "nobody has to hold it");
      assert.equal(await hands("none", 1_000), undefined);
      await runs.renew([a.lease.token], 5_000);
      assert.deepEqual(await hands("a", 1_000), held);
      await runs.letGo(a.lease);
      assert.equal(await hands("a", 1_000), undefined, "it waits again");
    });

    it("tells why a step was refused, until the run is at another", async () => {
      const { runs } = bench.records;
      const scope = freshScope();
      await create(runs, newRun(scope, "a"));
      const [a] = await claim(scope, { places: 1 });
      assert.ok(a);
      const refusal = async () => (await runs.hands({ scope, id: "a" }, 1))?.refusal;
      assert.equal(await refusal(), undefined);
      await runs.noteRefusal(a.lease, "0 of 1 GPUs are free");
      await runs.noteRefusal({ ...a.lease, token: "another's" }, "not mine");
      assert.equal(await refusal(), "0 of 1 GPUs are free");
      await runs.describe(scope, "a", { tags: { seen: "yes" } }, 2);
      assert.equal(await refusal(), "0 of 1 GPUs are free");
      const run = (await runs.get(scope, "a")) ?? a.run;
      const queued = await runs.apply(run, { ...run.life, status: "Queued" }, [], a.lease);
      assert.equal(queued?.life.status, "Queued");
      assert.equal(await refusal(), undefined);
      await runs.noteRefusal(a.lease, "the next step too");
      assert.equal(await refusal(), "the next step too");
    });

    it("passes over runs for targets that the server lacks, and keeps nothing for them", async () => {
      const { runs } = bench.records;
      const scope = freshScope();
      const needs = (more: Partial<Needs>) => ({ ...PLAIN_NEEDS, ...more });
      const createFor = (id: string, target: string, more: Partial<Needs> = {}) =>
        create(
          runs,
          newRun(scope, id, { target, life: { status: "NotStarted", attempt: 0, needs: needs(more) } }),
        );
      const capacity = { places: 3, gpus: [0, 1] };
      const claimFor = (targets: readonly string[], places = 3) =>
        runs.claimQueued({
          ...{ pool: scope.workspace, targets, capacity: { ...capacity, places } },
          ...{ owner: "server-1", at: 0, until: 1_000 },
        });
      await createFor("gpu", "here", { gpus: 1 });
      assert.deepEqual(ids(await claimFor(["here"])), ["gpu"]);
      for (const id of ["wide1", "wide2"]) await createFor(id, "there", { gpus: 2 });
      for (let i = 0; i < 12; i++) await createFor(`there${i}`, "there");
      for (const id of ["own1", "own2"]) await createFor(id, "here");
      await createFor("own-gpu", "here", { gpus: 1, priority: -1 });
      assert.deepEqual(ids(await claimFor(["here"], 4)), ["own1", "own2", "own-gpu"]);
      assert.deepEqual(await claimFor(["here"], 100), [], "no other is for it");
      assert.deepEqual(await claimFor([], 100), []);
      assert.deepEqual(ids(await claimFor(["here", "there"], 5)), ["there0"]);
    });

    it("leaves what has begun for a target that the server lacks to one that has it, until its launch needs no settings", async () => {
      const { runs } = bench.records;
      const scope = freshScope();
      for (const id of ["claimed", "prepared", "canceled", "launched", "own"])
        await create(runs, newRun(scope, id, { target: id === "own" ? "here" : "there" }));
      const statuses: Record<string, RunStatus> = {
        ...{ prepared: "Preparing", canceled: "CancelRequested", launched: "Queued", own: "Starting" },
      };
      for (const { run, lease } of await claim(scope, { places: 5 })) {
        const status = statuses[run.id];
        if (status !== undefined) await runs.apply(run, { ...run.life, status }, [], lease);
      }
      const heir = async (owner: string, more: { force?: boolean; targets?: readonly string[] }) => {
        const terms = { at: 2_000, until: 3_000, force: false, limit: 10_000 };
        const found = await runs.claimAbandoned({ ...terms, owner, ...more });
        return ids(found.filter(({ run }) => run.scope.workspace === scope.workspace)).toSorted();
      };
      assert.deepEqual(await heir("without", { targets: ["here"] }), ["canceled", "launched", "own"]);
      assert.deepEqual(await heir("alone", { targets: ["here"], force: true }), [
        ...["canceled", "launched", "own"],
      ]);
      assert.deepEqual(await heir("with", { targets: ["here", "there"] }), ["claimed", "prepared"]);
      assert.deepEqual((await heir("any", { force: true })).length, 5);
    });

    it("know of each other who is there, and forget who is not", async () => {
      const { servers } = bench.records;
      const server = (owner: string, seenUntil: number) => ({
        ...{ owner, machine: "m", sight: "s", url: "http://x", startedAt: 1, seenUntil },
      });
      const at = 9e14;
      const others = (all: readonly { readonly owner: string }[]) => all.map(({ owner }) => owner);
      assert.deepEqual(others(await servers.seen(server("a", at + 10), at)), ["a"]);
      assert.deepEqual(others(await servers.seen(server("b", at + 20), at)), ["a", "b"]);
      assert.deepEqual(others(await servers.seen(server("b", at + 30), at + 10)), ["b"]);
      await servers.gone("b");
      assert.deepEqual(await servers.seen(server("a", at + 50), at + 10), [server("a", at + 50)]);
      await servers.gone("a");
    });
  });
}
