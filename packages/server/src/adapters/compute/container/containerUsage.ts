// What a container uses, as its engine counts it: the same question to Docker and to Podman.
import type { NetworkUsage } from "@malachite/core";
import { type Engine, EngineRefused } from "../../../containers/index.ts";

export type ContainerUsage = {
  readonly cpuMs: number;
  readonly cpus?: number;
  readonly memoryBytes: number;
  readonly memoryLimitBytes?: number;
  readonly readBytes?: number;
  readonly writtenBytes?: number;
  /** Absent for one that shares the network of the machine. */
  readonly network?: NetworkUsage;
};

/** Undefined for one that does not run, or of which the engine counts nothing. Throws EngineUnavailable. */
export async function containerUsage(
  engine: Engine,
  container: string,
  signal: AbortSignal,
): Promise<ContainerUsage | undefined> {
  try {
    const stats = await engine.ask(
      "tell what a container uses",
      (api) => api.getContainer(container).stats({ stream: false, "one-shot": true }),
      signal,
    );
    const { cpu_stats: cpu, memory_stats: memory, blkio_stats: disk, networks } = stats;
    if (!memory?.usage || !cpu?.cpu_usage?.total_usage) return undefined;
    // Without the pages of files that are only remembered; each version of the control groups has a name of its own for them.
    const cached = memory.stats?.inactive_file ?? memory.stats?.total_inactive_file ?? 0;
    const moved = (what: string): number =>
      (disk?.io_service_bytes_recursive ?? [])
        .filter(({ op }) => op.toLowerCase() === what)
        .reduce((sum, { value }) => sum + value, 0);
    return {
      cpuMs: cpu.cpu_usage.total_usage / 1e6,
      ...(cpu.online_cpus ? { cpus: cpu.online_cpus } : {}),
      memoryBytes: Math.max(0, memory.usage - cached),
      ...(memory.limit ? { memoryLimitBytes: memory.limit } : {}),
      readBytes: moved("read"),
      writtenBytes: moved("write"),
      ...networkOf(Object.values(networks ?? {})),
    };
  } catch (error) {
    // Gone, or not running: Podman calls that a fault.
    if (error instanceof EngineRefused) return undefined;
    throw error;
  }
}

/** Podman tells of a container that shares the machine's network as of one that has none. */
function networkOf(
  cards: readonly { readonly rx_bytes: number; readonly tx_bytes: number }[],
): Pick<ContainerUsage, "network"> {
  if (cards.length === 0) return {};
  const sum = (name: "rx_bytes" | "tx_bytes"): number => cards.reduce((all, card) => all + card[name], 0);
  return { network: { receivedBytes: sum("rx_bytes"), sentBytes: sum("tx_bytes") } };
}
