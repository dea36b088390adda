// The compute targets as they are shown: what the settings say, whether it is usable, how busy it is.
import type { Abilities } from "../domain/definition/abilities.ts";
import { MalachiteError } from "../domain/failure/malachiteError.ts";
import type { TargetSettings } from "../domain/launch/launchPlan.ts";
import { roomOf } from "../domain/queue/line.ts";
import type { JsonObject } from "../domain/scope.ts";
import type { ShownTarget, ShownTargetDetail } from "./flow.ts";
import type { FlowPorts } from "./ports.ts";

/** The longest that a target may take to answer. */
const ASK_MS = 10_000;

type Ports = Pick<FlowPorts, "targets" | "runs">;

export const listTargets = (ports: Ports): Promise<readonly ShownTarget[]> =>
  Promise.all(ports.targets.all().map((target) => show(target, ports)));

export async function getTarget(name: string, ports: Ports): Promise<ShownTargetDetail> {
  const target = targetNamed(name, ports);
  return { ...(await show(target, ports)), options: withoutSecrets(target.options) };
}

/** Names of options whose values are nobody's to read. A path of a file that holds a secret is none. */
const SECRET = /(password|secret|token|passphrase)$/i;

/** Of an address: who asks, and the token in the way of a private channel. Such an option is refused, and shown all the same. */
const LOGIN = /([a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi;
const TOKEN = /(:\/\/[^\s/]+\/t\/)[^\s/]+(?=\/)/gi;

/** The options at any depth, with what is secret as ***. */
export function withoutSecrets(options: JsonObject): JsonObject {
  const shown = (value: unknown): unknown =>
    Array.isArray(value)
      ? value.map(shown)
      : typeof value === "object" && value !== null
        ? withoutSecrets(value as JsonObject)
        : typeof value === "string"
          ? value.replace(LOGIN, "$1***@").replace(TOKEN, "$1***")
          : value;
  return Object.fromEntries(
    Object.entries(options).map(([name, value]) => [name, SECRET.test(name) ? "***" : shown(value)]),
  ) as JsonObject;
}

/** Throws ComputeNotFound, which names those that there are. */
export function targetNamed(name: string, ports: Pick<FlowPorts, "targets">): TargetSettings {
  const target = ports.targets.find(name);
  if (target) return target;
  const known = ports.targets.all().map((one) => one.name);
  throw new MalachiteError(
    "ComputeNotFound",
    `There is no compute target '${name}'. There are: ${known.join(", ")}. Start the service with --target '${name}=process' to have it.`,
    { target: "computeName" },
  );
}

/** The targets that there are and what they have, for whoever asked for another or for more. */
export async function describeTargets({ targets }: Pick<FlowPorts, "targets">): Promise<string> {
  const asked = targets.all().map(async (target) => {
    const abilities = await targets.abilities(target, AbortSignal.timeout(ASK_MS)).catch(() => undefined);
    return `${target.name} (${abilities ? whatItHas(abilities) : "cannot be asked now"})`;
  });
  return (await Promise.all(asked)).join(", ");
}

function whatItHas({ nodes, gpus }: Abilities): string {
  const counted = (count: number, word: string) =>
    count === 0
      ? `no ${word}s`
      : !Number.isFinite(count)
        ? `any number of ${word}s`
        : `${count} ${word}${count === 1 ? "" : "s"}`;
  return `${counted(nodes, "node")}, ${counted(gpus, "GPU")}`;
}

async function show(target: TargetSettings, { targets, runs }: Ports): Promise<ShownTarget> {
  const asked = AbortSignal.timeout(ASK_MS);
  const [health, abilities, holding, waiting] = await Promise.all([
    targets.driver(target.kind).check(target, asked),
    targets.abilities(target, asked).catch(() => undefined),
    runs.holding(target.pool),
    runs.waiting(target.pool),
  ]);
  const capacity = targets.capacity(target.pool);
  const room = roomOf(capacity, holding);
  const counted = capacity.gpus?.length ?? 0;
  const gpus = abilities?.gpusReason === undefined ? counted : 0;
  return {
    name: target.name,
    kind: target.kind,
    usable: health.usable,
    ...(health.usable ? {} : { reason: health.reason }),
    ...(health.usable && health.warning !== undefined ? { warning: health.warning } : {}),
    runsAtOnce: capacity.places,
    running: holding.length,
    waiting,
    ...(capacity.nodes === undefined ? {} : { nodes: capacity.nodes, nodesFree: Math.max(0, room.nodes) }),
    ...(capacity.gpus === undefined
      ? {}
      : { gpus, gpusFree: Math.min(gpus, room.gpus), gpusPerRun: abilities?.gpusPerRun }),
    ...(abilities?.gpusReason === undefined ? {} : { gpusReason: abilities.gpusReason }),
  };
}
