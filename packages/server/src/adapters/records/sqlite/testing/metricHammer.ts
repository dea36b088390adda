// A program that posts metrics as fast as it can and says on stdout what was acknowledged, until it is killed.
import { writeSync } from "node:fs";
import { entryOf, newRun } from "../../../../../conformance/recordsUnderTest.ts";
import { openSqliteRecords } from "../sqliteRecords.ts";
import { HAMMERED, postOf } from "./metricPosts.ts";

const [file = ""] = process.argv.slice(2);
const { runs, metrics } = await openSqliteRecords({ file });
await runs.create(newRun(HAMMERED, "run"), entryOf("submitted"));

async function post(caller: number): Promise<never> {
  for (let n = 0; ; n += 1) {
    await metrics.add(HAMMERED, "run", [postOf(caller, n)]);
    writeSync(1, `kept ${caller} ${n}\n`);
  }
}

await Promise.all(Array.from({ length: 8 }, (_, caller) => post(caller)));
