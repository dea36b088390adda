// All that is tried with a container engine, for one engine: it is started once for all of it.
import { after, before, describe } from "node:test";
import { type EngineName, withoutEngine } from "@malachite/server/conformance";
import { ContainerBench } from "./bench.ts";
import { containerEnvironments } from "./containerEnvironments.ts";
import { containerGpus } from "./containerGpus.ts";
import { containerGroups } from "./containerGroups.ts";
import { containerKills } from "./containerKills.ts";
import { containerRuns } from "./containerRuns.ts";

export function withEngine(name: EngineName): void {
  describe(`runs in containers, with ${name}`, { skip: withoutEngine(name) ?? false }, () => {
    const bench = new ContainerBench(name);
    before(() => bench.start());
    after(() => bench[Symbol.asyncDispose]());
    containerRuns(bench);
    containerEnvironments(bench);
    containerGroups(bench);
    containerGpus(bench);
    containerKills(bench);
  });
}
