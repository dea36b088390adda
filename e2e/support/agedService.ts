// A real service for which nobody has used any project in a long time, so that retention lets them go now and not in some days.
import { parseArgs } from "node:util";
import type { FlowPorts } from "@malachite/core";
import { serve } from "@malachite/server";

const { values } = parseArgs({
  options: {
    port: { type: "string" },
    data: { type: "string" },
    blobs: { type: "string" },
    "blobs-endpoint": { type: "string" },
    "blobs-keys": { type: "string" },
  },
});

const LATER_MS = 10 * 24 * 3600_000;

await serve({
  flags: {
    port: values.port,
    data: values.data,
    blobs: values.blobs,
    blobsEndpoint: values["blobs-endpoint"],
    blobsKeys: values["blobs-keys"],
  },
  env: process.env,
  around: (ports: FlowPorts): FlowPorts => ({
    ...ports,
    snapshots: new Proxy(ports.snapshots, {
      get(snapshots, name) {
        const value: unknown = Reflect.get(snapshots, name, snapshots);
        if (typeof value !== "function") return value;
        if (!["unused", "forget", "sweepContents"].includes(String(name))) return value.bind(snapshots);
        return (...args: unknown[]) =>
          Reflect.apply(value, snapshots, [...args.slice(0, -1), Number(args.at(-1)) + LATER_MS]);
      },
    }),
  }),
});
