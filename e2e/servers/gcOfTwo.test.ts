// Two real servers on one PostgreSQL that collect at the same time, one of which is killed with -9 in the middle: all that is due goes, once,
// and nothing that something still refers to.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { withoutPostgres } from "@malachite/server/conformance";
import { until, workspacePath } from "../support/service.ts";
import { Cluster, type ClusterServer } from "./cluster.ts";

const DUE = 240;
const KEPT = 20;
const AT_ONCE = 8;
const EXPERIMENTS = `/history/v1.0${workspacePath}/experiments`;
const mlflow = (call: string) => `/mlflow/v1.0${workspacePath}/api/2.0/mlflow/${call}`;

type Item = { readonly runId: string; readonly keptBy?: string };
type Page = { readonly values: readonly Item[]; readonly next?: string };

/** Of a run that executes elsewhere: its record, a file, its end. */
async function addRun(server: ClusterServer, experiment: string, id: string): Promise<void> {
  const run = `${EXPERIMENTS}/${experiment}/runs/${id}`;
  await server.json("PATCH", run, { status: "Running" });
  const answer = await fetch(
    `${server.url}/artifact/v2.0${workspacePath}/artifacts/content/ExperimentRun/dcid.${id}/model.bin`,
    {
      method: "POST",
      body: id,
      headers: { authorization: "Bearer dev", "content-type": "application/octet-stream" },
    },
  );
  if (!answer.ok) throw new Error(`${id} → ${answer.status} ${await answer.text()}`);
  await server.json("POST", `${run}/events`, { name: "Microsoft.MachineLearning.Run.Completed", data: {} });
}

/** All pages, as `malachite gc` asks for them. */
async function collect(server: ClusterServer): Promise<Item[]> {
  const items: Item[] = [];
  let after: string | undefined;
  do {
    const answer = await server.call(
      "POST",
      "/malachite/v1.0/service/gc",
      after === undefined ? {} : { after },
      AbortSignal.timeout(120_000),
    );
    if (!answer.ok) throw new Error(`gc → ${answer.status} ${await answer.text()}`);
    const page = (await answer.json()) as Page;
    items.push(...page.values);
    after = page.next;
  } while (after !== undefined);
  return items;
}

/** A kill between a file and its folder leaves the folder, which holds nothing. */
function hasFiles(folder: string): boolean {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true }).some((entry) => entry.isFile());
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    // It, or a folder in it, has just been removed: what else there was is looked for anew.
    return existsSync(folder) && hasFiles(folder);
  }
}

/** Containers of runs that hold files. */
function containersOf({ data }: Cluster): string[] {
  const base = join(data, "blobs", "artifacts");
  return readdirSync(base)
    .filter((name) => name.includes("~"))
    .flatMap((name) => readdirSync(join(base, name)).filter((one) => hasFiles(join(base, name, one))));
}

describe("two servers that collect at the same time", { skip: withoutPostgres() }, () => {
  it("let all go that is due and nothing that is referred to, when one is killed with -9 in the middle", async () => {
    const folder = mkdtempSync(join(tmpdir(), "malachite-gc-"));
    const settings = join(folder, "malachite.yaml");
    writeFileSync(settings, "retention:\n  - {experiment: old, keepDays: 0, remove: run}\n");
    try {
      await using cluster = await Cluster.start(2, ["--settings", settings]);
      const [first, second] = cluster.servers as [ClusterServer, ClusterServer];
      const due = Array.from({ length: DUE }, (_, i) => `due-${i}`);
      const kept = Array.from({ length: KEPT }, (_, i) => `kept-${i}`);
      const todo = [...due, ...kept];
      const add = async (server: ClusterServer): Promise<void> => {
        for (let id = todo.pop(); id !== undefined; id = todo.pop()) await addRun(server, "old", id);
      };
      await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => add(i % 2 === 0 ? first : second)));
      await addRun(first, "new", "young");
      await first.json("POST", mlflow("registered-models/create"), { name: "net" });
      for (const run_id of kept)
        await first.json("POST", mlflow("model-versions/create"), {
          name: "net",
          source: `runs:/${run_id}/model.bin`,
          run_id,
        });

      // Both at once; the second is cut off when a part of it is gone, and whatever it was at is left to the first.
      const all = containersOf(cluster).length;
      assert.equal(all, DUE + KEPT + 1);
      const collecting = [collect(first), collect(second).catch((error: unknown) => error)];
      await until("a part of it to be gone", () => containersOf(cluster).length < all - DUE / 4);
      await second.kill();
      const told = (await collecting[0]) as Item[];
      assert.ok((await collecting[1]) instanceof Error, "it was killed in the middle");
      await second.start();
      const again = (await Promise.all([collect(first), collect(second)])).flat();

      assert.deepEqual(containersOf(cluster).sort(), [...kept, "young"].map((id) => `dcid.${id}`).sort());
      for (const { runId, keptBy } of [...told, ...again])
        assert.equal(keptBy !== undefined, kept.includes(runId), `${runId}: ${keptBy}`);
      assert.ok(
        again.every(({ keptBy }) => keptBy !== undefined),
        "what is gone does not go again",
      );
      const statusOf = async (server: ClusterServer, id: string) =>
        (await server.call("GET", `/history/v1.0${workspacePath}/runs/${id}`)).status;
      for (const server of [first, second]) {
        for (const id of due) assert.equal(await statusOf(server, id), 404, id);
        for (const id of [...kept, "young"]) assert.equal(await statusOf(server, id), 200, id);
      }
      for (const id of [...kept, "young"]) {
        const path = `/artifact/v2.0${workspacePath}/artifacts/content/ExperimentRun/dcid.${id}/model.bin`;
        assert.equal(await (await second.call("GET", path)).text(), id);
      }
      assert.doesNotMatch(cluster.output, /"level":"error"/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
