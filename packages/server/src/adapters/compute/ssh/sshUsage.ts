// What runs use of the machines that they are on; of several machines of one run together.
import type { Instant, LaunchKey, MeasuredRun, Usage } from "@malachite/core";
import type { FarHost } from "./farHost.ts";
import { partsOf, readHandle, type Way } from "./sshHandle.ts";

/** Of those on machines that can be asked at once. */
export async function usageOf(
  runs: readonly MeasuredRun[],
  hostOf: (way: Way) => FarHost,
  now: () => Instant,
  signal: AbortSignal,
): Promise<ReadonlyMap<LaunchKey, Usage>> {
  const parts = runs.flatMap(({ handle }) => partsOf(handle.key, readHandle(handle)));
  const told = new Map<string, Omit<Usage, "at">>();
  await Promise.all(
    [...Map.groupBy(parts, ({ way }) => hostOf(way))].map(async ([host, group]) => {
      // Of a machine that is away nothing is told, and nobody waits for it.
      if (!host.isUp) return;
      const asked = group.map(({ farKey, script, group }) => ({ key: farKey, script, group }));
      const { header } = await host.ask("usage", { runs: asked }, signal);
      for (const { key, ...used } of header.runs as readonly (Omit<Usage, "at"> & { key: string })[])
        told.set(key, used);
    }),
  );
  const at = now();
  const known = new Map<LaunchKey, Usage>();
  for (const { handle } of runs) {
    const own = partsOf(handle.key, readHandle(handle)).map(({ farKey }) => told.get(farKey));
    // Of all nodes or of none: a sum of some would jump.
    const all = own.filter((one) => one !== undefined);
    if (all.length === own.length) known.set(handle.key, { ...sumOfNodes(all), at });
  }
  return known;
}

type Node = Omit<Usage, "at">;

/** GPUs have numbers of their own on each machine: told together, they are counted through. */
export function sumOfNodes(nodes: readonly Node[]): Node {
  const [only] = nodes;
  if (only !== undefined && nodes.length === 1) return only;
  const gpus = nodes.flatMap((node) => node.gpus ?? []).map((gpu, index) => ({ ...gpu, gpu: index }));
  const disks = nodes.flatMap((node) => node.disk ?? []);
  const networks = nodes.flatMap((node) => node.network ?? []);
  return {
    cpus: sum(nodes, (node) => node.cpus) ?? 0,
    memoryLimitBytes: sum(nodes, (node) => node.memoryLimitBytes) ?? 0,
    ...known(
      "cpuMs",
      sum(nodes, (node) => node.cpuMs),
    ),
    ...known(
      "memoryBytes",
      sum(nodes, (node) => node.memoryBytes),
    ),
    ...known(
      "readBytes",
      sum(nodes, (node) => node.readBytes),
    ),
    ...known(
      "writtenBytes",
      sum(nodes, (node) => node.writtenBytes),
    ),
    ...(gpus.length === 0 ? {} : { gpus }),
    ...(disks.length === 0
      ? {}
      : {
          disk: {
            usedBytes: sum(disks, (disk) => disk.usedBytes) ?? 0,
            availableBytes: sum(disks, (disk) => disk.availableBytes) ?? 0,
          },
        }),
    ...(networks.length === 0
      ? {}
      : {
          network: {
            receivedBytes: sum(networks, (one) => one.receivedBytes) ?? 0,
            sentBytes: sum(networks, (one) => one.sentBytes) ?? 0,
          },
        }),
  };
}

/** Undefined where one of them does not tell. */
function sum<T>(all: readonly T[], of: (one: T) => number | undefined): number | undefined {
  let total = 0;
  for (const one of all) {
    const value = of(one);
    if (value === undefined) return undefined;
    total += value;
  }
  return total;
}

const known = <K extends string>(name: K, value: number | undefined): { readonly [P in K]?: number } =>
  (value === undefined ? {} : { [name]: value }) as { readonly [P in K]?: number };
