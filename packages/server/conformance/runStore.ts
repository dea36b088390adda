// What every store of runs, experiments and workspaces must do, as tests over the ports alone.
import { after, before, describe } from "node:test";
import { assetStoreSuite } from "./assetStoreSuite.ts";
import { datastoreRegistrySuite } from "./datastoreRegistrySuite.ts";
import { environmentRegistrySuite } from "./environmentRegistrySuite.ts";
import { experimentStoreSuite } from "./experimentStoreSuite.ts";
import { keptFilesSuite } from "./keptFilesSuite.ts";
import { metricSeriesSuite } from "./metricSeriesSuite.ts";
import { metricStoreSuite } from "./metricStore.ts";
import { modelRegistrySuite } from "./modelRegistrySuite.ts";
import { namedFilesSuite } from "./namedFilesSuite.ts";
import { quotaSuite } from "./quotaSuite.ts";
import type { Records, RecordsUnderTest } from "./recordsUnderTest.ts";
import { retentionSuite } from "./retentionSuite.ts";
import { runChangesSuite } from "./runChangesSuite.ts";
import { runClaimsSuite } from "./runClaimsSuite.ts";
import { runCreationSuite } from "./runCreationSuite.ts";
import { runLetGoSuite } from "./runLetGoSuite.ts";
import { runListsSuite } from "./runListsSuite.ts";
import { runMachinesSuite } from "./runMachinesSuite.ts";
import { runQueueSuite } from "./runQueueSuite.ts";
import { runTablesSuite } from "./runTablesSuite.ts";
import { trackedSearchSuite } from "./trackedSearchSuite.ts";
import { trackingStoreSuite } from "./trackingStoreSuite.ts";

export type { Records, RecordsUnderTest } from "./recordsUnderTest.ts";

/** The stores that the suites' tests use: opened before the first of them. */
export type RecordsBench = { readonly records: Records; readonly data: RecordsUnderTest };

/** Registers the suites under the name. `make` is called once a suite. */
export function runStoreConformance(name: string, make: () => Promise<RecordsUnderTest>): void {
  const suites = {
    runCreationSuite,
    runChangesSuite,
    runClaimsSuite,
    runMachinesSuite,
    runLetGoSuite,
    runListsSuite,
    runTablesSuite,
    runQueueSuite,
    quotaSuite,
    retentionSuite,
    namedFilesSuite,
    keptFilesSuite,
    experimentStoreSuite,
    modelRegistrySuite,
    environmentRegistrySuite,
    assetStoreSuite,
    datastoreRegistrySuite,
    metricStoreSuite,
    metricSeriesSuite,
    trackedSearchSuite,
    trackingStoreSuite,
  };
  for (const suite of Object.values(suites)) {
    describe(name, () => {
      let data: RecordsUnderTest | undefined;
      const bench: RecordsBench = {
        get data() {
          if (!data) throw new Error("The store was not opened.");
          return data;
        },
        get records() {
          return this.data.records;
        },
      };
      before(async () => {
        data = await make();
      });
      after(async () => {
        await data?.[Symbol.asyncDispose]();
      });
      suite(bench);
    });
  }
}
