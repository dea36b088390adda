// What a target asks of a partition, against what Slurm tells of its partitions. Pure.

/** What every run of a target asks for. */
export type Wanted = {
  /** One, or several with commas; the default one unless told. */
  readonly partition?: string;
  readonly gpusPerNode?: number;
  readonly gpuType?: string;
  /** The limit of time of runs that have none of their own. */
  readonly minutes?: number;
};

/** Slurm may tell of one partition more than once. */
export type PartitionSeen = {
  readonly name: string;
  readonly isDefault: boolean;
  /** In lower case: only `up` starts jobs. */
  readonly state: string;
  /** The longest time of its jobs; absent for no limit, or where Slurm does not tell it. */
  readonly maxMinutes?: number;
  /** Of some of its nodes: `gpu:a100:2(S:0),craynetwork:4`. Absent where that was not asked. */
  readonly gres?: string;
};

/** The longest time of a job in the partitions that are meant, in minutes; undefined for no limit, or where nothing is known of them. */
export function longestOf(seen: readonly PartitionSeen[], partition: string | undefined): number | undefined {
  const most = mostMinutes(meantOf(seen, partition));
  return Number.isFinite(most) ? most : undefined;
}

/** Why the target's runs would not be started there. */
export function faultOfPartitions(seen: readonly PartitionSeen[], wanted: Wanted): string | undefined {
  const { partition } = wanted;
  const missing = namesIn(partition).find((name) => !seen.some((one) => one.name === name));
  if (missing !== undefined) return `Slurm has no partition '${missing}'.`;
  const [first] = seen;
  if (first === undefined) return "Slurm answers and has no partition.";
  const meant = meantOf(seen, partition);
  // Without a default one the site decides, and nothing is known.
  const usable = (meant.length === 0 ? seen : meant).filter(({ state }) => state === "up");
  if (usable.length === 0) {
    const closed = meant[0] ?? first;
    return `The partition ${closed.name} is ${closed.state}: it starts no jobs.`;
  }
  if (meant.length === 0) return undefined;
  return faultOfTime(usable, wanted) ?? faultOfGpus(usable, wanted);
}

const namesIn = (partition: string | undefined): readonly string[] => partition?.split(",") ?? [];

function meantOf(seen: readonly PartitionSeen[], partition: string | undefined): readonly PartitionSeen[] {
  const names = namesIn(partition);
  return seen.filter(({ name, isDefault }) => (names.length === 0 ? isDefault : names.includes(name)));
}

const mostMinutes = (seen: readonly PartitionSeen[]): number =>
  Math.max(...seen.map(({ maxMinutes = Number.POSITIVE_INFINITY }) => maxMinutes));

function faultOfTime(seen: readonly PartitionSeen[], { minutes }: Wanted): string | undefined {
  const most = mostMinutes(seen);
  if (minutes === undefined || minutes <= most) return undefined;
  return `timeLimitMinutes is ${minutes}, and the partition ${namesOf(seen)} lets no job run longer than ${most} minutes.`;
}

function faultOfGpus(
  seen: readonly PartitionSeen[],
  { gpusPerNode = 0, gpuType }: Wanted,
): string | undefined {
  const told = seen.flatMap(({ gres }) => (gres === undefined ? [] : [gres]));
  if (gpusPerNode === 0 || told.length === 0) return undefined;
  const most = Math.max(...told.map((gres) => gpusIn(gres, gpuType)));
  if (most >= gpusPerNode) return undefined;
  const kind = gpuType === undefined ? "GPUs" : `GPUs of the type ${gpuType}`;
  const has = [...new Set(told.map((gres) => gres || "none"))].slice(0, 5).join(" and ");
  return `gpusPerNode is ${gpusPerNode}, and no node of the partition ${namesOf(seen)} has so many ${kind}. Slurm tells of these GRES: ${has}.`;
}

/** How many GPUs a GRES text names: `gpu:2`, `gpu:a100:2(S:0-1)`, `gpu:a100:2(IDX:0-1)`. */
function gpusIn(gres: string, type: string | undefined): number {
  const counts = gres
    .replace(/\([^)]*\)/g, "")
    .split(",")
    .map((one) => /^gpu(?::([^:]+))?(?::(\d+))?$/.exec(one.trim()))
    .filter((found) => found !== null)
    .map(([, first = "1", count]) => {
      // One number alone is a count, and no type.
      const own = count === undefined && /^\d+$/.test(first) ? undefined : first;
      return { own, count: Number(count ?? (own === undefined ? first : 1)) };
    });
  return counts
    .filter(({ own }) => type === undefined || own === type)
    .reduce((sum, { count }) => sum + count, 0);
}

const namesOf = (seen: readonly PartitionSeen[]): string =>
  [...new Set(seen.map(({ name }) => name))].join(", ");

/** Minutes in the way in which sinfo writes a time: `30:00`, `2:00:00`, `1-00:00:00`; undefined for none. */
export function minutesIn(text: string): number | undefined {
  const [, days = "0", hours = "0", minutes, seconds] =
    /^(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+)$/.exec(text) ?? [];
  if (minutes === undefined) return undefined;
  return Number(days) * 1440 + Number(hours) * 60 + Number(minutes) + Math.ceil(Number(seconds) / 60);
}
