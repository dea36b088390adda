// A real service that takes what was launched a moment ago for days old, where it looks for what is left in folders that others use too.
import { parseArgs } from "node:util";
import type { ComputeDriver, FlowPorts, LaunchPlace } from "@malachite/core";
import { serve } from "@malachite/server";

const { values } = parseArgs({
  options: { port: { type: "string" }, data: { type: "string" }, settings: { type: "string" } },
});

const LATER_MS = 2 * 24 * 3600_000;

const later = (place: LaunchPlace): LaunchPlace => ({
  keys: (before) => place.keys(before + LATER_MS),
  free: (key, before, signal) => place.free(key, before + LATER_MS, signal),
});

const lookingLater = (driver: ComputeDriver): ComputeDriver =>
  new Proxy(driver, {
    get(whole, name) {
      if (name !== "placeAt") return Reflect.get(whole, name, whole);
      return (...[target]: Parameters<NonNullable<ComputeDriver["placeAt"]>>) => {
        const place = whole.placeAt?.(target);
        return place && later(place);
      };
    },
  });

await serve({
  flags: { port: values.port, data: values.data, settings: values.settings },
  env: process.env,
  around: (ports: FlowPorts): FlowPorts => ({
    ...ports,
    targets: { ...ports.targets, driver: (kind) => lookingLater(ports.targets.driver(kind)) },
  }),
});
