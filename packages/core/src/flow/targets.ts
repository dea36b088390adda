// The compute targets as they are shown: what the settings say, whether it is usable, how busy it is.
import { MalachiteError } from "../domain/failure/malachiteError.ts";
import type { TargetSettings } from "../domain/launch/launchPlan.ts";
import type { ShownTarget } from "./flow.ts";
import type { FlowPorts } from "./ports.ts";

type Ports = Pick<FlowPorts, "targets" | "runs">;

export const listTargets = (ports: Ports): Promise<readonly ShownTarget[]> =>
  Promise.all(ports.targets.all().map((target) => show(target, ports)));

export async function getTarget(name: string, ports: Ports): Promise<ShownTarget> {
  const target = ports.targets.find(name);
  if (target) return show(target, ports);
  const known = ports.targets.all().map((one) => one.name);
  throw new MalachiteError(
    "ComputeNotFound",
    `There is no compute target '${name}'. There are: ${known.join(", ")}. Start the service with --target '${name}=process' to have it.`,
    { target: "computeName" },
  );
}

async function show(target: TargetSettings, { targets, runs }: Ports): Promise<ShownTarget> {
  const [health, holding, waiting] = await Promise.all([
    targets.driver(target.kind).check(target, AbortSignal.timeout(10_000)),
    runs.holding(target.pool),
    runs.waiting(target.pool),
  ]);
  const numbers = { runsAtOnce: targets.runsAtOnce(target.pool), running: holding.length, waiting };
  return {
    name: target.name,
    kind: target.kind,
    usable: health.usable,
    ...(health.usable ? {} : { reason: health.reason }),
    ...numbers,
  };
}
