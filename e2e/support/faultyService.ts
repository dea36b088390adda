// A real service that kills itself, as hard as kill -9 does, at one exact point of the way of a run. The point is data:
// FAULT=before|after:METHOD[:STATUS][#COUNT]. The product has no such points: they are put around its ports here.

import { parseArgs } from "node:util";
import type { FlowPorts } from "@malachite/core";
import { serve } from "@malachite/server";

const { values } = parseArgs({
  options: {
    port: { type: "string" },
    data: { type: "string" },
    "runs-at-once": { type: "string" },
    "grace-seconds": { type: "string" },
    "log-level": { type: "string" },
  },
});
const fault = /^(before|after):(\w+)(?::(\w+))?(?:#(\d+))?$/.exec(process.env.FAULT ?? "");
if (!fault) throw new Error(`FAULT is ${process.env.FAULT}`);
const [, when, method, status, count = "1"] = fault;
let left = Number(count);

function strike(at: "before" | "after", called: string, args: readonly unknown[]): void {
  if (at !== when || called !== method) return;
  const life = args[1] as { status?: string } | undefined;
  if (status !== undefined && life?.status !== status) return;
  if (--left === 0) process.kill(process.pid, "SIGKILL");
}

function around<T extends object>(port: T): T {
  return new Proxy(port, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function" || typeof name !== "string") return value;
      return (...args: unknown[]) => {
        strike("before", name, args);
        const result: unknown = Reflect.apply(value, target, args);
        if (!(result instanceof Promise)) return result;
        return result.then((answer: unknown) => {
          strike("after", name, args);
          return answer;
        });
      };
    },
  });
}

await serve({
  flags: {
    port: values.port,
    data: values.data,
    runsAtOnce: values["runs-at-once"],
    graceSeconds: values["grace-seconds"],
    logLevel: values["log-level"],
  },
  env: process.env,
  around: (ports: FlowPorts): FlowPorts => {
    const drivers = ports.targets.drivers().map((driver) => around(driver));
    const targets = {
      ...ports.targets,
      drivers: () => drivers,
      driver: (kind: string) => drivers.find((driver) => driver.kind === kind) ?? ports.targets.driver(kind),
    };
    return {
      ...ports,
      runs: around(ports.runs),
      artifacts: around(ports.artifacts),
      snapshots: around(ports.snapshots),
      retention: around(ports.retention),
      targets,
    };
  },
});
