// What is tried with a container engine: it is started once for all topics of a file.
import { after, before, describe } from "node:test";
import { type EngineName, withoutEngine } from "@malachite/server/conformance";
import { ContainerBench } from "./bench.ts";

export function withEngine(name: EngineName, ...topics: readonly ((bench: ContainerBench) => void)[]): void {
  describe(`runs in containers, with ${name}`, { skip: withoutEngine(name) ?? false }, () => {
    const bench = new ContainerBench(name);
    before(() => bench.start());
    after(() => bench[Symbol.asyncDispose]());
    for (const topic of topics) topic(bench);
  });
}
