// What the policies of retention let go, with all stores and a scripted engine: what goes, what stays, and a death in the middle.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type ComputeDriver,
  createFlow,
  type GcItem,
  MalachiteError,
  type RetentionPolicy,
} from "@malachite/core";
import { ADA, SCOPE, ScriptedService } from "./scriptedService.ts";

/** A day of these tests: the clock is moved in the steps of whoever sleeps. */
const LONG_MS = 60_000;
const LONG_DAYS = LONG_MS / (24 * 3600_000);
const policy = (more: Partial<RetentionPolicy>): RetentionPolicy => ({
  workspace: "*",
  experiment: "*",
  unlessTag: [],
  onlyTag: [],
  remove: "files",
  ...more,
});

const start = () =>
  ScriptedService.start((script) => ({
    runForMs: script === "long.py" ? "forever" : 100,
    log: "some words\n",
    files: { "project/outputs/model": "x".repeat(1000) },
  }));

const filesOf = async ({ flow }: ScriptedService, id: string) =>
  (await flow.listFiles({ scope: SCOPE, container: `dcid.${id}` }, { limit: 50 })).values.map(
    ({ path }) => path,
  );

/** All pages, of so many runs each. */
async function collect({ flow }: ScriptedService, dryRun = false, limit = 2): Promise<GcItem[]> {
  const items: GcItem[] = [];
  let after: string | undefined;
  do {
    const page = await flow.collectGarbage({ dryRun, limit, ...(after === undefined ? {} : { after }) });
    items.push(...page.values);
    after = page.next;
  } while (after !== undefined);
  return items;
}

async function finished(service: ScriptedService, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i += 1) {
    const { id } = await service.submit("a.py", {}, `r${i}`);
    await service.reached(id, "Completed");
    ids.push(id);
  }
  await service.until("the release", async () => (await service.ports?.runs.census())?.length === 0);
  return ids;
}

describe("retention", () => {
  it("lets files go by age, tells before exactly what goes, and keeps the record and what tags spare", async () => {
    await using service = await start();
    const [old = "", tagged = ""] = await finished(service, 2);
    await service.flow.modifyTags({ scope: SCOPE, runId: tagged }, { set: { keep: "" }, remove: [] }, ADA);
    await service.clock.advance(LONG_MS + 1000);
    const young = (await service.submit("a.py", {}, "young")).id;
    await service.reached(young, "Completed");
    const waits = (await service.submit("long.py", {}, "long")).id;
    await service.reached(waits, "Running");
    service.retention = [policy({ keepDays: LONG_DAYS, unlessTag: ["keep"] })];
    const told = await collect(service, true);
    assert.deepEqual(
      told.map(({ runId, what, why, bytes, keptBy }) => ({ runId, what, why, bytes, keptBy })),
      [{ runId: old, what: "files", why: "age", bytes: 1011, keptBy: undefined }],
    );
    assert.equal((await filesOf(service, old)).length, 2, "only told");
    assert.deepEqual(await collect(service), told);
    assert.deepEqual(await filesOf(service, old), []);
    await assert.rejects(service.flow.openFile({ scope: SCOPE, container: `dcid.${old}` }, "outputs/model"), {
      code: "ArtifactNotFound",
    });
    assert.equal(await service.status(old), "Completed");
    for (const id of [tagged, young]) assert.equal((await filesOf(service, id)).length, 2);
    assert.deepEqual(await collect(service), [], "once");
  });

  it("keeps the newest up to a size, over any pages", async () => {
    await using service = await start();
    await finished(service, 5);
    service.retention = [
      policy({ experiment: "other", keepBytes: 0 }),
      policy({ experiment: "e", keepBytes: 2500 }),
    ];
    const told = await collect(service, true, 1);
    assert.deepEqual(
      told.map(({ runId, why }) => [runId, why]),
      [
        ["r2", "size"],
        ["r1", "size"],
        ["r0", "size"],
      ],
    );
    assert.deepEqual(await collect(service, false, 2), told);
    assert.deepEqual(await filesOf(service, "r2"), []);
    assert.equal((await filesOf(service, "r3")).length, 2);
  });

  it("lets whole runs go but those that something refers to, and answers as of a run that never was", async () => {
    await using service = await start();
    await finished(service, 3);
    const { models } = service.ports as NonNullable<typeof service.ports>;
    await models.createVersion(SCOPE, "net", { runId: "r1", createdBy: ADA }, 1, { makeModel: true });
    await service.clock.advance(LONG_MS + 1000);
    service.retention = [policy({ keepDays: LONG_DAYS, remove: "run" })];
    const items = await collect(service);
    assert.deepEqual(
      items.map(({ runId, keptBy }) => [runId, keptBy]),
      [
        ["r2", undefined],
        ["r1", "a version of a registered model"],
        ["r0", undefined],
      ],
    );
    await assert.rejects(service.flow.getRun({ scope: SCOPE, runId: "r0" }), { code: "RunNotFound" });
    assert.equal((await filesOf(service, "r1")).length, 2);
    assert.deepEqual(await filesOf(service, "r0"), []);
    await assert.rejects(service.submit("a.py", {}, "r0"), { code: "RunIdTaken" });
  });

  it("tells before that a tree goes with the runs below it, over any pages", async () => {
    await using service = await start();
    const completed = { status: "Completed", endTimeUtc: "2026-01-01T00:00:00Z" };
    const make = (runId: string, parentRunId?: string) =>
      service.flow.patchRun(
        { scope: SCOPE, experimentName: "e", runId },
        { ...completed, ...(parentRunId === undefined ? {} : { parentRunId }) },
        ADA,
      );
    for (const [id, parent] of [
      ["top"],
      ["half"],
      ["a", "top"],
      ["b", "half"],
      ["c", "half"],
      ["d", "a"],
    ] as const)
      await make(id, parent);
    const { models } = service.ports as NonNullable<typeof service.ports>;
    await models.createVersion(SCOPE, "net", { runId: "b", createdBy: ADA }, 1, { makeModel: true });
    await service.clock.advance(LONG_MS + 1000);
    service.retention = [policy({ keepDays: LONG_DAYS, remove: "run" })];
    const told = await collect(service, true, 1);
    assert.deepEqual(
      told.map(({ runId, keptBy }) => [runId, keptBy]),
      [
        ["d", undefined],
        ["c", undefined],
        ["b", "a version of a registered model"],
        ["a", undefined],
        ["half", "a run below it"],
        ["top", undefined],
      ],
    );
    assert.deepEqual(await collect(service, true, 50), told);
    assert.deepEqual(await collect(service), told);
  });

  it("refuses what is told of a run that is gone, also when it goes at that moment", {
    timeout: 60_000,
  }, async () => {
    await using service = await start();
    const address = { scope: SCOPE, experimentName: "e", runId: "mine" };
    const completed = { status: "Completed", endTimeUtc: "2026-01-01T00:00:00Z" };
    await service.flow.patchRun(address, completed, ADA);
    await service.clock.advance(LONG_MS + 1000);
    service.retention = [policy({ keepDays: LONG_DAYS, remove: "run" })];
    const ports = service.ports as NonNullable<typeof service.ports>;
    const goesMeanwhile = createFlow({
      ...ports,
      runs: {
        ...ports.runs,
        async apply(...write) {
          assert.equal((await collect(service))[0]?.runId, "mine");
          return ports.runs.apply(...write);
        },
      },
    });
    const later = { ...completed, endTimeUtc: "2026-01-01T00:00:01Z" };
    await assert.rejects(goesMeanwhile.patchRun(address, later, ADA), { code: "RunNotFound" });
    await assert.rejects(service.flow.patchRun(address, completed, ADA), { code: "RunIdTaken" });
  });

  it("goes on where it died: a record is never without what it names, and no file stays behind", async () => {
    for (const remove of ["run", "files"] as const) {
      await using service = await start();
      await finished(service, 2);
      await service.clock.advance(LONG_MS + 1000);
      service.retention = [policy({ keepDays: LONG_DAYS, remove })];
      const { blobs } = service.ports as NonNullable<typeof service.ports>;
      const real = blobs.remove.bind(blobs);
      let left = 1;
      blobs.remove = async (...ask) => {
        if (left-- <= 0) throw new Error("the server is dead");
        return await real(...ask);
      };
      await assert.rejects(collect(service), /dead/);
      blobs.remove = real;
      await service.restart();
      const page = await service.flow.collectGarbage({ dryRun: false, limit: 10 });
      assert.ok(page.finishedBytes > 0);
      for (const id of ["r0", "r1"]) assert.deepEqual(await filesOf(service, id), []);
    }
  });

  it("keeps a run whose target does not answer until that is freed, also by a later life, and then lets it go", async () => {
    await using service = await start();
    const driver = service.ports?.targets.drivers()[0] as { release: ComputeDriver["release"] };
    driver.release = async () => {
      throw new MalachiteError("EngineUnavailable", "The machine is away.");
    };
    const { id } = await service.submit("a.py", {}, "r0");
    await service.reached(id, "Completed");
    await service.clock.advance(LONG_MS + 1000);
    service.retention = [policy({ keepDays: LONG_DAYS, remove: "run" })];
    const [kept] = await collect(service);
    assert.match(kept?.keptBy ?? "", /target is still to be freed/);
    assert.equal(service.engine.jobs().size, 1);
    // As after kill -9: the debt is in the record, and the driver of the next life is a new one, which reaches the machine.
    await service.restart();
    await service.until("the release", async () => service.engine.jobs().size === 0);
    await service.until(
      "the debt to be paid",
      async () => (await service.ports?.runs.census())?.length === 0,
    );
    const [gone] = await collect(service);
    assert.deepEqual([gone?.runId, gone?.keptBy], [id, undefined]);
    assert.equal(await service.ports?.runs.get(SCOPE, id), undefined);
  });

  it("refuses a place that is none", async () => {
    await using service = await start();
    for (const after of ["x", "%7B%7D", encodeURIComponent('{"workspace":"a/b/c","used":[1,2]}')])
      await assert.rejects(service.flow.collectGarbage({ dryRun: true, limit: 1, after }), {
        code: "BadContinuationToken",
      });
  });
});
