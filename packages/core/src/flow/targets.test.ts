import assert from "node:assert/strict";
import { it } from "node:test";
import type { FlowPorts } from "./ports.ts";
import { getTarget } from "./targets.ts";

it("the options of a target are shown without what is secret, at any depth", async () => {
  const options = {
    host: "me@gpu1.lab",
    keyPassphrase: "open sesame",
    restTokenFile: "/etc/token",
    packageIndex: "https://me:word@index.lab/simple",
    condaChannels: ["lab=https://conda.lab/t/ab-12345678/forge", "*=https://conda.lab/all"],
    hosts: [{ host: "a", token: "t0ken" }],
  };
  const target = { name: "lab", kind: "ssh", pool: "lab", options };
  const ports = {
    targets: {
      find: () => target,
      driver: () => ({ check: async () => ({ usable: true }) }),
      abilities: async () => undefined,
      capacity: () => ({ places: 1 }),
    },
    runs: { holding: async () => [], waiting: async () => 0 },
  } as unknown as Pick<FlowPorts, "targets" | "runs">;
  assert.deepEqual((await getTarget("lab", ports)).options, {
    ...options,
    keyPassphrase: "***",
    packageIndex: "https://***@index.lab/simple",
    condaChannels: ["lab=https://conda.lab/t/***/forge", "*=https://conda.lab/all"],
    hosts: [{ host: "a", token: "***" }],
  });
});
