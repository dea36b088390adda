// What a run uses of its machine, as a series under the names that MLflow has for it. Pure: counters in, rows out.
import type { Instant } from "../scope.ts";
import type { MetricPost } from "./metric.ts";

/** What all processes of a run use together. Counters count from its start; what has not been found out is absent. */
export type Usage = {
  readonly at: Instant;
  readonly cpuMs?: number;
  /** How many CPUs it could use at most. */
  readonly cpus: number;
  readonly memoryBytes?: number;
  /** How much memory it could use at most. */
  readonly memoryLimitBytes: number;
  readonly readBytes?: number;
  readonly writtenBytes?: number;
  /** The file system that the run's folder lies on. */
  readonly disk?: { readonly usedBytes: number; readonly availableBytes: number };
  readonly network?: NetworkUsage;
  readonly gpus?: readonly GpuUsage[];
};

/**
 * Of the network that the run is in, loopback left out: a container's own, else all of the machine, which no process can be told apart in.
 * Counted from any time on: only differences mean something.
 */
export type NetworkUsage = { readonly receivedBytes: number; readonly sentBytes: number };

/** `memoryBytes` is the run's own; how busy the GPU is and what it draws is told for the whole of it. */
export type GpuUsage = {
  readonly gpu: number;
  readonly utilizationPercent?: number;
  readonly memoryBytes?: number;
  readonly memoryLimitBytes?: number;
  readonly powerWatts?: number;
  readonly powerLimitWatts?: number;
};

/** Apart from what users log: clients that ask for a run's metrics are not given these unless they ask by this namespace. */
export const SYSTEM_NAMESPACE = "system";
/** What the names begin with; MLflow's clients know them by it. */
export const SYSTEM_PREFIX = "system/";

const MEGABYTE = 1e6;

/**
 * The rows of one look. `before` is the look before: how busy the CPUs were is known only between two. `first` is the first of all, from
 * which the network is counted. `step`: seconds of the run.
 */
export function systemMetrics(
  before: Usage | undefined,
  now: Usage,
  step: number,
  first: Usage | undefined = before,
): readonly MetricPost[] {
  const values: Record<string, number | undefined> = {
    cpu_utilization_percentage: cpuPercent(before, now),
    system_memory_usage_megabytes: megabytes(now.memoryBytes),
    system_memory_usage_percentage: percent(now.memoryBytes, now.memoryLimitBytes),
    disk_read_megabytes: megabytes(now.readBytes),
    disk_write_megabytes: megabytes(now.writtenBytes),
    ...diskValues(now.disk),
    ...networkValues(first?.network, now.network),
  };
  for (const gpu of now.gpus ?? []) {
    const name = `gpu_${gpu.gpu}`;
    values[`${name}_utilization_percentage`] = gpu.utilizationPercent;
    values[`${name}_memory_usage_megabytes`] = megabytes(gpu.memoryBytes);
    values[`${name}_memory_usage_percentage`] = percent(gpu.memoryBytes, gpu.memoryLimitBytes);
    values[`${name}_power_usage_watts`] = gpu.powerWatts;
    values[`${name}_power_usage_percentage`] = percent(gpu.powerWatts, gpu.powerLimitWatts);
  }
  return Object.entries(values).flatMap(([short, value]) => {
    if (value === undefined || !Number.isFinite(value)) return [];
    const name = SYSTEM_PREFIX + short;
    return {
      name,
      namespace: SYSTEM_NAMESPACE,
      columns: { [name]: "double" },
      rows: [{ createdAt: now.at, step, data: { [name]: Math.round(value * 100) / 100 } }],
      uxMetricType: "azureml.v1.scalar",
    };
  });
}

/** Of all that it could use. A counter that has gone back belongs to a process that ended without being counted: nothing is known then. */
function cpuPercent(before: Usage | undefined, now: Usage): number | undefined {
  if (before?.cpuMs === undefined || now.cpuMs === undefined) return undefined;
  const passed = now.at - before.at;
  if (passed <= 0 || now.cpuMs < before.cpuMs) return undefined;
  return Math.min(100, percent((now.cpuMs - before.cpuMs) / passed, now.cpus) ?? 0);
}

const diskValues = (disk: Usage["disk"]): Record<string, number | undefined> =>
  disk === undefined
    ? {}
    : {
        disk_usage_megabytes: megabytes(disk.usedBytes),
        disk_available_megabytes: megabytes(disk.availableBytes),
        disk_usage_percentage: percent(disk.usedBytes, disk.usedBytes + disk.availableBytes),
      };

/** As MLflow counts: since the first look. A counter that has gone back belongs to another network: nothing is known then. */
function networkValues(
  first: NetworkUsage | undefined,
  now: NetworkUsage | undefined,
): Record<string, number | undefined> {
  if (!first || !now) return {};
  const since = (name: keyof NetworkUsage): number | undefined =>
    now[name] < first[name] ? undefined : megabytes(now[name] - first[name]);
  return {
    network_receive_megabytes: since("receivedBytes"),
    network_transmit_megabytes: since("sentBytes"),
  };
}

const megabytes = (bytes: number | undefined): number | undefined =>
  bytes === undefined ? undefined : bytes / MEGABYTE;
const percent = (part: number | undefined, whole: number | undefined): number | undefined =>
  part === undefined || whole === undefined || whole <= 0 ? undefined : (100 * part) / whole;

/**
 * When the next look is due: at first every `everyMs`, later a thousandth of the time that the run has taken. So a run of a week has about as
 * many rows as one of a day, a few thousand, and the beginning is as fine as it was.
 */
export const nextLook = (everyMs: number, tookMs: number): number => Math.max(everyMs, tookMs / 1000);
