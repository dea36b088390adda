// A program that writes runs as fast as it can and says on stdout what was acknowledged, until it is killed.
import { writeSync } from "node:fs";
import { entryOf, newRun } from "../../../../../conformance/recordsUnderTest.ts";
import { openSqliteRecords } from "../sqliteRecords.ts";

const [file = "", round = "", bytes = "0"] = process.argv.slice(2);
const scope = { subscriptionId: "s", resourceGroup: "g", workspace: "hammered" };
const say = (line: string): void => {
  writeSync(1, `${line}\n`);
};
const { runs } = await openSqliteRecords({ file });
const about = { tags: { step: "created" }, properties: {}, warnings: [] };
const definition = { telemetry: "x".repeat(Number(bytes)) };

async function writeRuns(caller: number): Promise<never> {
  for (let i = 0; ; i += 1) {
    const id = `r-${round}-${caller}-${i}`;
    const { run } = await runs.create(newRun(scope, id, { about, sent: definition }), entryOf("submitted"));
    say(`created ${id}`);
    const [claimed] = await runs.claimQueued({
      pool: scope.workspace,
      capacity: { places: 1_000_000 },
      owner: `c${caller}`,
      at: 0,
      until: 1,
    });
    if (claimed) {
      const life = { ...claimed.run.life, status: "Running", attempt: 1 } as const;
      if (await runs.apply(claimed.run, life, [entryOf("started", "Running")], claimed.lease))
        say(`started ${claimed.run.id}`);
    }
    await runs.describe(scope, run.id, { tags: { step: "described" } }, 1);
    say(`described ${id}`);
  }
}

// The first refusal ends the program: the tests say when that may be.
await Promise.all(Array.from({ length: 8 }, (_, caller) => writeRuns(caller))).catch((error) => {
  say(`refused ${error.code} ${error.message}`);
  process.exit(3);
});
