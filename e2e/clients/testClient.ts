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
import { areasOf, clientEnvironment, runArea, type Told } from "./runFlows.ts";

/** Registers the suite. Words of MALACHITE_FLOWS choose areas, or flows as AREA/FLOW. */
export function testClient(id: string): void {
  const entry = entryOf(id);
  const chosen = (process.env.MALACHITE_FLOWS ?? "").split(" ").filter((word) => word !== "");
  const areas = areasOf(entry.client).filter(
    (area) => chosen.length === 0 || chosen.some((word) => word.split("/")[0] === area),
  );
  describe(`${entry.shown} on Python ${entry.python}`, { timeout: 1_500_000 }, () => {
    const results: Told[] = [];
    let home: string;
    let service: Service;
    let python: string;
    let env: Record<string, string>;
    before(async () => {
      python = installed(entry);
      home = mkdtempSync(join(tmpdir(), "malachite-client-"));
      mkdirSync(join(home, "home"));
      service = await Service.start({ flags: ["--target", "cpu-cluster=process", "--runs-at-once", "4"] });
      env = await clientEnvironment(service, join(home, "home"), entry.env ?? []);
    });
    after(async () => {
      await service?.[Symbol.asyncDispose]();
      if (home !== undefined) rmSync(home, { recursive: true, force: true });
    });

    for (const area of areas) {
      it(area, async (t) => {
        const flows = chosen
          .filter((word) => word.startsWith(`${area}/`))
          .map((word) => word.split("/")[1] ?? "");
        const { told, said } = await runArea(python, { client: entry.client, area, env, flows });
        results.push(...told);
        assert.ok(told.length > 0, `no flow of ${area} was run`);
        for (const { flow, title, outcome, error } of told)
          await t.test(`${flow}: ${title}`, () => {
            if (outcome === "failed")
              throw new Error(`${error}\n${service.output.slice(-3000)}\n${said.slice(-3000)}`);
          });
      });
    }

    it("does what docs/compatibility.md says", {
      skip: chosen.length > 0 && "only some flows were run",
    }, () => {
      keepResults(entry.id, results);
      const measured = results.map(({ area, flow, outcome }) => `${area}/${flow} ${outcome}`).sort();
      assert.deepEqual(rowsOf(entry), measured, "Run `npm run compatibility` to write the page anew.");
    });
  });
}
