// Retention against submissions: a definition that names files of a run keeps them, or is refused since they are gone. Never a third thing,
// whenever it comes, from whichever server, and wherever the collection dies.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { collectGarbage, isMalachiteError, type Removal, type Scope } from "@malachite/core";
import { create, entryOf, freshScope, newRun, type Records, withStatus } from "./recordsUnderTest.ts";
import type { RecordsBench } from "./runStore.ts";

const AT = 1_700_000_000_000;
const PATHS = ["a", "b"];
/** The ways to name files of the run `goes` as those of a model. */
const SOURCES = [
  "mlflow-artifacts:/dcid.goes/outputs/m",
  "runs:/goes/outputs/m",
  "azureml://host/history/v1.0/x/runs/goes/artifacts/outputs/m",
];

export function namedFilesSuite(bench: RecordsBench): void {
  const end = async (scope: Scope, id: string, records = bench.records) => {
    const run = await records.runs.get(scope, id);
    assert.ok(run);
    const life = { endedAt: AT, release: "paid" } as const;
    await records.runs.apply(run, withStatus(run, "Completed", life), [entryOf("succeeded")]);
  };
  const ended = async (scope: Scope, id: string, more: object = {}) => {
    await create(bench.records.runs, newRun(scope, id, { origin: "external", pool: undefined, ...more }));
    await end(scope, id);
  };
  const naming = (scope: Scope, id: string, ...named: string[]) =>
    newRun(scope, id, {
      definition: {
        configuration: {
          dataReferences: Object.fromEntries(
            named.map((run) => [run, { pathOnDataStore: `ExperimentRun/dcid.${run}/outputs` }]),
          ),
        },
      } as never,
    });
  const remove = (scope: Scope, id: string, what: Removal["what"] = "run") =>
    bench.records.retention.remove(scope, id, what, AT);
  const gone = { code: "ArtifactNotFound", message: /dcid\.goes.*removed/ };

  describe("files that definitions name", () => {
    it("stay until the last run that names them has ended and its target is free, and go then", async () => {
      const { runs, retention } = bench.records;
      const scope = freshScope();
      for (const id of ["exp_1", "exp_12", "exp_1-a", "other"]) await ended(scope, id);
      await create(runs, naming(scope, "first", "exp_12", "exp_1-a"));
      await create(runs, naming(scope, "second", "exp_12"));
      const words = /an unfinished run whose definition names its files/;
      for (const what of ["run", "files"] as const) {
        assert.match((await retention.keeper(scope, "exp_12", what, 0)) ?? "", words);
        assert.match((await remove(scope, "exp_12", what)) ?? "", words);
        assert.match((await remove(scope, "exp_1-a", what)) ?? "", words);
      }
      assert.equal(await remove(scope, "exp_1"), undefined, "a name that begins like another is another");
      await end(scope, "first");
      assert.match((await remove(scope, "exp_12")) ?? "", words);
      await end(scope, "second");
      assert.equal(await remove(scope, "exp_12"), undefined);
      assert.equal(await remove(scope, "exp_1-a"), undefined);
      assert.equal(await remove(freshScope(), "other"), undefined);
      assert.ok(await runs.get(scope, "other"), "another workspace's is another");
    });

    for (const what of ["run", "files"] as const)
      it(`refuses a definition that names what is gone or going (${what}), and keeps nothing of it`, async () => {
        const { runs, retention } = bench.records;
        const other = await bench.data.another();
        const scope = freshScope();
        await ended(scope, "stays");
        await ended(scope, "goes");
        await create(runs, naming(scope, "early", "stays"));
        assert.equal(await remove(scope, "goes", what), undefined);
        for (const { runs } of [bench.records, other])
          await assert.rejects(create(runs, naming(scope, "late", "stays", "goes")), gone);
        const [debt] = (await retention.owed(1000)).filter((one) => one.scope.workspace === scope.workspace);
        await retention.paid(debt as Removal, 1);
        for (const { runs } of [bench.records, other])
          await assert.rejects(create(runs, naming(scope, "late", "goes")), gone);
        assert.equal(await runs.get(scope, "late"), undefined);
        await create(other.runs, naming(scope, "late", "stays"));
        // The workspace beside it has a run of that name that nobody removed.
        await create(runs, naming(freshScope(), "late", "goes"));
      });

    for (const what of ["run", "files"] as const)
      it(`refuses an asset or a version of a model whose files are gone or going (${what}), and keeps nothing of it`, async () => {
        const { models, assets, retention } = bench.records;
        const scope = freshScope();
        await ended(scope, "stays");
        await ended(scope, "goes");
        assert.equal(await remove(scope, "goes", what), undefined);
        const asset = (id: string, ...runs: string[]) => ({
          ...{ id, name: "m", tags: {}, properties: {}, meta: {} },
          files: runs.map((run) => ({ prefix: `ExperimentRun/dcid.${run}/outputs/m` })),
        });
        const version = (source: string) => ({ source, createdBy: newRun(scope, "any").createdBy });
        const options = { makeModel: true };
        const late = async () => {
          await assert.rejects(assets.create(scope, asset("late", "stays", "goes"), AT), gone);
          for (const source of SOURCES)
            await assert.rejects(
              models.createVersion(scope, "m", version(source), AT, options),
              gone,
              source,
            );
        };
        await late();
        const [debt] = (await retention.owed(1000)).filter((one) => one.scope.workspace === scope.workspace);
        await retention.paid(debt as Removal, 1);
        await late();
        assert.equal(await assets.get(scope, "late"), undefined);
        assert.equal(await models.model(scope, "m"), undefined);
        await assets.create(scope, asset("early", "stays"), AT);
        // What only begins so, or lies elsewhere, is another's.
        for (const source of ["runs:/goes-not/m", "s3://bucket/mlflow-goes/m", "goes"])
          await models.createVersion(scope, "m", version(source), AT, options);
        assert.match((await remove(scope, "stays", what)) ?? "", /an asset, by its files/);
        await assets.create(freshScope(), asset("early", "goes"), AT);
      });

    it("takes a definition that names files which came after those of retention had gone", async () => {
      const { runs, retention, kept } = bench.records;
      const scope = freshScope();
      await ended(scope, "goes");
      await remove(scope, "goes", "files");
      const container = "dcid.goes";
      await retention.paid({ scope, runId: "goes", container, what: "files" }, 1);
      await assert.rejects(create(runs, naming(scope, "late", "goes")), gone);
      const write = { id: `write-${scope.workspace}`, owner: "o" };
      await kept.begins(scope, container, write);
      await kept.ends(scope, container, { ...write, bytes: 5, staged: false });
      await create(runs, naming(scope, "late", "goes"));
    });

    it("are gone also where somebody was still counting them when they went", async () => {
      const { runs, retention, kept } = bench.records;
      const scope = freshScope();
      await ended(scope, "goes");
      const counting = (await kept.uncounted(10_000)).find((one) => one.scope.workspace === scope.workspace);
      assert.ok(counting);
      await remove(scope, "goes", "files");
      await retention.paid({ scope, runId: "goes", container: "dcid.goes", what: "files" }, 9);
      await kept.counted(counting, 9);
      assert.equal((await kept.used(scope, { limit: 1 })).workspace.keptBytes, 0);
      await assert.rejects(create(runs, naming(scope, "late", "goes")), gone);
    });

    it("answers a submission that comes again as the run it has become, whatever went since", async () => {
      const { runs } = bench.records;
      const scope = freshScope();
      await ended(scope, "goes");
      const asked = naming(scope, "early", "goes");
      await create(runs, asked);
      await end(scope, "early");
      assert.equal(await remove(scope, "goes"), undefined);
      const again = await runs.create(asked, entryOf("submitted"));
      assert.equal(again.created, false);
    });

    it("refuses a run below one that is gone: it would be lost from every list", async () => {
      const { runs } = bench.records;
      const scope = freshScope();
      await ended(scope, "goes");
      await remove(scope, "goes");
      await assert.rejects(create(runs, newRun(scope, "child", { parentRunId: "goes" })), {
        code: "RunNotFound",
        message: /goes/,
      });
      assert.equal(await runs.get(scope, "child"), undefined);
    });

    for (const what of ["run", "files"] as const)
      for (const dies of [false, true])
        it(`are whole or the submission is refused, at every step of a collection (${what}${dies ? ", which dies there" : ""})`, async () => {
          const server = await bench.data.another();
          const outcomes = new Set<string>();
          for (let step = 0, isOver = false; !isOver; step += 1) {
            const scope = freshScope();
            const files = new Map<string, number>();
            for (const id of ["goes", "beside"]) {
              await ended(scope, id);
              for (const path of PATHS) files.set(`dcid.${id}/${path}`, 10);
            }
            let submitted: Promise<string> | undefined;
            const submit = async (): Promise<string> => {
              try {
                await create(server.runs, naming(scope, "late", "goes"));
                return "taken in";
              } catch (error) {
                if (!isMalachiteError(error) || error.code !== "ArtifactNotFound") throw error;
                return "refused";
              }
            };
            let left = step;
            const collection = collect(bench.records, scope, what, files, async () => {
              left -= 1;
              if (left !== -1) return;
              submitted = submit();
              await submitted;
              if (dies) throw new Error("the server is dead");
            });
            const [result] = await Promise.allSettled([collection]);
            isOver = submitted === undefined;
            if (!isOver && dies) assert.equal(result.status, "rejected");
            else if (result.status === "rejected") throw result.reason;
            const outcome = await (submitted ?? submit());
            outcomes.add(outcome);
            // Another life, or another server, goes on.
            await collect(server, scope, what, files, async () => {});
            const names = PATHS.map((path) => `dcid.goes/${path}`);
            if (outcome === "taken in") {
              assert.deepEqual(
                names.filter((name) => !files.has(name)),
                [],
                `step ${step}: the run was taken in and its files are gone`,
              );
              assert.ok(await server.runs.get(scope, "goes"));
              await end(scope, "late", server);
              await collect(server, scope, what, files, async () => {});
            }
            assert.deepEqual([...files.keys()], [], `step ${step}: in the end all goes`);
          }
          assert.deepEqual([...outcomes].sort(), ["refused", "taken in"], "both were tried");
        });
  });
}

/** All that policies let go, which here is everything; `before` each question to a port. */
async function collect(
  records: Records,
  scope: Scope,
  what: Removal["what"],
  files: Map<string, number>,
  before: () => Promise<void>,
): Promise<void> {
  const steps = <T extends object>(port: T): T =>
    new Proxy(port, {
      get: (_, name) => {
        const asked = port[name as keyof T] as (...ask: unknown[]) => unknown;
        return async (...ask: unknown[]) => {
          await before();
          return await asked.apply(port, ask);
        };
      },
    });
  const policy = { workspace: "*", experiment: "*", unlessTag: [], onlyTag: [], keepDays: 1, remove: what };
  for (let after: string | undefined, more = true; more; more = after !== undefined) {
    const page = await collectGarbage(
      { dryRun: false, limit: 10, ...(after === undefined ? {} : { after }) },
      {
        retention: steps(records.retention),
        workspaces: { list: async () => [{ ...scope, createdAt: 0 }] } as never,
        snapshots: {} as never,
        artifacts: steps({
          // What other tests owe is of other workspaces.
          list: async (of: Scope, container: string) => ({
            values: [...files]
              .filter(([name]) => of.workspace === scope.workspace && name.startsWith(`${container}/`))
              .map(([name, sizeBytes]) => ({ path: name.slice(container.length + 1), sizeBytes })),
            more: false,
          }),
        }) as never,
        blobs: steps({
          remove: async ({ bucket, path }: { bucket: { container: string }; path: string }) =>
            files.delete(`${bucket.container}/${path}`),
        }) as never,
        metrics: steps({ remove: async () => {} }) as never,
        clock: { now: () => AT + 2 * 24 * 3600_000 } as never,
        settings: { retention: () => [policy] } as never,
      },
    );
    after = page.next;
  }
}
