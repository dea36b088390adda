// The service in the hands of those who run it: what it is doing, draining, and how much it logs.
import type { RunKeeper } from "@malachite/core";
import type { OperatorLog } from "./adapters/system/log.ts";
import type { ServiceControl } from "./http/index.ts";
import { createReadiness } from "./readiness.ts";

export type ControlParts = {
  readonly keeper: Pick<RunKeeper, "inHand" | "drain" | "undrain">;
  readonly log: OperatorLog;
  readonly addTarget: ServiceControl["addTarget"];
  readonly records: () => Promise<unknown>;
  readonly dataFolder: string;
  readonly version: string;
  readonly now: () => number;
};

export type Control = ServiceControl & {
  /** How far the service is; `compose` says so as it starts and stops. */
  phase: "starting" | "ok" | "stopping";
  /** Resolves when the service was drained and no run is in hand: it may stop. */
  readonly drained: Promise<void>;
};

export function createServiceControl(parts: ControlParts): Control {
  const { keeper, log, version, now } = parts;
  const startedAt = new Date(now()).toISOString();
  const drained = Promise.withResolvers<void>();
  let draining = false;
  const control: Control = {
    phase: "starting",
    drained: drained.promise,
    state: () => (control.phase === "ok" && draining ? "draining" : control.phase),
    readiness: createReadiness(
      { ...parts, ready: () => control.phase === "ok", draining: () => draining },
      now,
    ),
    status: () => ({
      status: control.state(),
      version,
      pid: process.pid,
      startedAt,
      logLevel: log.level,
      inHand: keeper.inHand,
    }),
    addTarget: parts.addTarget,
    change({ draining: wanted, logLevel }, by) {
      if (logLevel !== undefined) log.level = logLevel;
      if (wanted === undefined || wanted === draining) return;
      draining = wanted;
      log.info(draining ? "draining" : "undrained", { by: by.name, inHand: keeper.inHand });
      if (draining) keeper.drain(() => drained.resolve());
      else keeper.undrain();
    },
  };
  return control;
}
