// One client of the matrix as a suite: each flow is a test, and what came out is what docs/compatibility.md says.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Service } from "../support/service.ts";
import { keepResults, rowsOf } from "./compatibility.ts";
import { installed } from "./install.ts";
import { entryOf } from "./matrix.ts";
import { areasOf, clientEnvironment, runArea, type Told, trustingService } from "./runFlows.ts";

/**
 * The SDK sleeps for most of a flow, between two looks at a run: so many of its areas go side by side, each in a lane of its own.
 * Those of the other clients go one after the other.
 */
const SDK_AT_ONCE = 3;
/** The areas that take longest begin first, lest they are waited for alone. */
const LONG = ["snapshots", "submit", "inside", "metrics", "files", "models", "local"];
const rank = (area: string) => (LONG.includes(area) ? LONG.indexOf(area) : LONG.length);

/** A service and the shell of a user of it, for one area after the other: areas that go side by side share nothing. */
type Lane = { readonly service: Service; readonly env: Readonly<Record<string, string>> };

/** Registers the suite. Words of MALACHITE_FLOWS choose areas, or flows as AREA/FLOW. */
export function testClient(id: string): void {
  const entry = entryOf(id);
  const isSdk = entry.client === "azureml_core";
  const atOnce = isSdk ? SDK_AT_ONCE : 1;
  const chosen = (process.env.MALACHITE_FLOWS ?? "").split(" ").filter((word) => word !== "");
  const areas = areasOf(entry.client)
    .filter((area) => chosen.length === 0 || chosen.some((word) => word.split("/")[0] === area))
    .toSorted((a, b) => rank(a) - rank(b));
  describe(`${entry.shown} on Python ${entry.python}`, { timeout: 1_500_000 }, () => {
    const results: Told[] = [];
    const free: Lane[] = [];
    const started: Service[] = [];
    let folder: string;
    let python: string;
    before(async () => {
      python = installed(entry);
      folder = mkdtempSync(join(tmpdir(), "malachite-client-"));
      const open = async (_: unknown, n: number): Promise<void> => {
        const home = join(folder, `home${n}`);
        mkdirSync(home);
        const service = await Service.start({
          flags: ["--target", "cpu-cluster=process", "--runs-at-once", "4"],
        });
        started.push(service);
        free.push({ service, env: await clientEnvironment(service, home, entry.env ?? []) });
      };
      await Promise.all(Array.from({ length: Math.min(atOnce, areas.length) }, open));
    });
    after(async () => {
      await Promise.all(started.map((service) => service[Symbol.asyncDispose]()));
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    });

    describe("flows", { concurrency: atOnce }, () => {
      for (const area of areas) {
        it(area, async (t) => {
          const lane = free.pop() ?? assert.fail("More areas are run at once than there are lanes.");
          const { service } = lane;
          // Signing in shows that the shell of `malachite env` does as it is.
          const env = isSdk && area !== "auth" ? trustingService(lane.env) : lane.env;
          const flows = chosen
            .filter((word) => word.startsWith(`${area}/`))
            .map((word) => word.split("/")[1] ?? "");
          const ask = { client: entry.client, area, env, flows };
          const { told, said } = await runArea(python, ask).finally(() => free.push(lane));
          results.push(...told);
          assert.ok(told.length > 0, `no flow of ${area} was run`);
          for (const { flow, title, outcome, error } of told)
            await t.test(`${flow}: ${title}`, () => {
              if (outcome === "failed")
                throw new Error(`${error}\n${service.output.slice(-3000)}\n${said.slice(-3000)}`);
            });
        });
      }
    });

    it("does what docs/compatibility.md says", {
      skip: chosen.length > 0 && "only some flows were run",
    }, () => {
      keepResults(entry.id, results);
      const measured = results.map(({ area, flow, outcome }) => `${area}/${flow} ${outcome}`).sort();
      assert.deepEqual(rowsOf(entry), measured, "Run `npm run compatibility` to write the page anew.");
    });
  });
}
