// What a run was asked to do and what was made of it, for reading and for comparing.
import type { malachite } from "@malachite/contract";
import type { WholeDefinition } from "../domain/definition/runDefinition.ts";
import { resolvedDefinition } from "../domain/definition/showDefinition.ts";
import { pythonOf, shownArguments } from "../domain/launch/shownCommand.ts";
import type { Run } from "../domain/run/run.ts";
import { isObject, type JsonObject } from "../domain/scope.ts";
import { getLock } from "./environmentLock.ts";
import { findRun } from "./findRun.ts";
import type { RunAddress } from "./flow.ts";
import type { FlowPorts } from "./ports.ts";

/** Throws RunNotFound. No secret is in it: none is in the record. */
export async function definitionOf(
  address: RunAddress,
  ports: Pick<FlowPorts, "runs" | "artifacts">,
): Promise<malachite.WholeRunDefinition> {
  const run = await findRun(address, ports);
  const resolved = run.definition && resolvedDefinition(run.definition as WholeDefinition);
  const environment = { ...aboutEnvironment(run), ...given({ lock: await getLock(run, ports) }) };
  return {
    runId: run.id,
    ...given({
      snapshotId: run.snapshotId,
      sent: run.sent && { ...run.sent },
      resolved: resolved && { ...resolved },
      environment: Object.keys(environment).length === 0 ? undefined : environment,
      launch: launchOf(run),
    }),
  };
}

function aboutEnvironment(run: Run): malachite.RunEnvironment {
  const { name, version } = (environmentOf(run) ?? {}) as { name?: unknown; version?: unknown };
  const { plan } = run.life;
  return given({
    name: typeof name === "string" && name !== "" ? name : undefined,
    version: typeof version === "string" && version !== "" ? version : undefined,
    id: plan?.environmentId,
    python: plan && pythonOf(plan),
    image: plan?.image?.reference,
  });
}

function environmentOf(run: Run): JsonObject | undefined {
  const environment = (run.definition as WholeDefinition | undefined)?.configuration.environment;
  return isObject(environment) ? environment : undefined;
}

function launchOf({ life: { plan } }: Run): malachite.RunLaunch | undefined {
  if (plan === undefined) return undefined;
  const { target, environment, nodes, group, gpus } = plan;
  const names = group === undefined ? [] : Object.keys(group.environment);
  return {
    target: target.name,
    kind: target.kind,
    argv: shownArguments(plan.argv),
    variables: [...new Set([...Object.keys(environment), ...names])].sort(),
    nodes,
    ...(group === undefined
      ? {}
      : {
          processes: group.processes.map(({ name, node, argv, log }) => ({
            name,
            node,
            argv: shownArguments(argv),
            log,
          })),
        }),
    ...(gpus === undefined ? {} : { gpus: [...gpus] }),
  };
}

/** Without what is undefined. */
function given<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const kept = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(kept) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
