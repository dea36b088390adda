// What must be true of data that an earlier release wrote, once this one has opened them.
import assert from "node:assert/strict";
import { it } from "node:test";
import { SCHEMAS, EARLIER_SCOPE as scope } from "./earlierSchemas.ts";
import { entryOf, newRun, type Records } from "./recordsUnderTest.ts";

/** `open` opens data of that schema. */
export function earlierSchemasSuite(open: (schema: number) => Promise<Records>): void {
  for (const schema of SCHEMAS)
    it(`reads and goes on with what schema ${schema} holds`, async () => {
      const records = await open(schema);
      const { runs, tables, experiments } = records;
      try {
        const { values } = await runs.list({ scope, limit: 10 });
        assert.deepEqual(
          values.map(({ id, number, about }) => [id, number, about.tags]),
          [
            ["working", 3, { size: "2" }],
            ["waiting", 2, { size: "1" }],
            ["ended", 1, { size: "0" }],
          ],
        );
        assert.deepEqual((await runs.get(scope, "ended"))?.definition, { n: 0 });
        assert.deepEqual(
          (await runs.story(scope, "waiting")).map(({ event }) => event),
          ["submitted"],
        );
        assert.deepEqual((await experiments.byName(scope, "first experiment"))?.tags, { team: "a" });
        const counted = { Completed: 1, NotStarted: 1, Running: 1 };
        assert.deepEqual((await tables.count({ scope })).byStatus, counted);
        const found = await tables.page({ scope, search: "old size=1", limit: 5 });
        assert.deepEqual(
          found.values.map(({ id }) => id),
          ["waiting"],
        );

        if (schema >= 2) assert.deepEqual((await records.models.model(scope, "net"))?.aliases, { best: 1 });
        if (schema >= 3)
          assert.deepEqual(
            (await records.environmentRegistry.get(scope, "env", { label: "prod" }))?.definition,
            { name: "env" },
          );
        if (schema >= 4) {
          const filter = {
            op: "lt",
            field: { of: "metrics", key: "loss" },
            literal: { value: 0.3 },
          } as const;
          assert.deepEqual(
            (await runs.list({ scope, filter, limit: 5 })).values.map(({ id }) => id),
            ["ended"],
          );
          const points = await records.metrics.rows(scope, "ended", { name: "loss" }, { limit: 5 });
          assert.deepEqual(
            points.values.map(({ data }) => data.loss),
            [0.5, 0.25],
          );
        }
        if (schema >= 5) assert.equal((await records.assets.get(scope, "a1"))?.runId, "ended");
        if (schema >= 6)
          assert.deepEqual((await records.tracking.logs(scope, ["ended"])).get("ended")?.params, {
            rate: "0.1",
          });
        if (schema >= 7) assert.equal(await records.datastores.defaultName(scope), "store");

        const named = "an unfinished run whose definition names its files";
        assert.equal(await records.retention.remove(scope, "ended", "files", 1), named);

        const made = await runs.create(
          newRun(scope, "next", { experimentName: "first experiment" }),
          entryOf("submitted"),
        );
        assert.equal(made.run.number, 4);
        const ask = { pool: "local", capacity: { places: 2 }, owner: "o", at: 0, until: 1_000 };
        const claimed = await runs.claimQueued(ask);
        assert.deepEqual(
          claimed.map(({ run }) => run.id),
          ["waiting"],
        );
        const changed = await tables.changesAfter(scope, 0, 10, 10);
        assert.deepEqual(
          changed.changes.map(({ run }) => run.id),
          ["next"],
        );
        await records.metrics.add(scope, "next", [
          { name: "loss", columns: { loss: "double" }, rows: [{ createdAt: 1, data: { loss: 1 } }] },
        ]);
      } finally {
        await records.close();
      }
    });
}
