// Projects that no run names and nobody has asked for in a long time, and their contents.
import type { FlowPorts } from "./ports.ts";

type SweepPorts = Pick<FlowPorts, "snapshots" | "retention" | "workspaces" | "clock">;

export type SweptProjects = {
  readonly projects: number;
  /** Files of contents that went with them, or had been left over, and their bytes; 0 where it is only told. */
  readonly files: number;
  readonly bytes: number;
};

const DAY_MS = 24 * 3600_000;
const AT_ONCE = 200;

/** Undefined where the store keeps all projects. */
export async function sweepProjects(
  days: number,
  dryRun: boolean,
  { snapshots, retention, workspaces, clock }: SweepPorts,
): Promise<SweptProjects | undefined> {
  if (!snapshots.unused || !snapshots.forget || !snapshots.sweepContents) return undefined;
  const before = clock.now() - days * DAY_MS;
  let projects = 0;
  for (const scope of await workspaces.list()) {
    let some: string[] = [];
    const decide = async (): Promise<void> => {
      const referred = await retention.referred(scope, some);
      for (const id of some) {
        if (referred.has(id)) continue;
        if (dryRun || (await snapshots.forget?.(scope, id, before)) === true) projects += 1;
      }
      some = [];
    };
    for await (const id of snapshots.unused(scope, before)) {
      some.push(id);
      if (some.length === AT_ONCE) await decide();
    }
    await decide();
  }
  const swept = dryRun ? { files: 0, bytes: 0 } : await snapshots.sweepContents(before);
  return { projects, ...swept };
}
