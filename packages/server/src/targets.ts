// The compute targets of the settings, as the steps of a run ask for them. Knows names and pools, not engines.
import type {
  Abilities,
  Capacity,
  ComputeDriver,
  TargetHealth,
  TargetSettings,
  Targets,
} from "@malachite/core";
import { whyNoMpi } from "./adapters/compute/slurm/slurmTarget.ts";
import { gpusOfMachine, gpusOfPool, machinesOf, slotsOf } from "./adapters/compute/ssh/sshTarget.ts";
import { createAskTogether } from "./adapters/shared/askTogether.ts";
import { ENGINE_KINDS } from "./settings/targets.ts";
import type { TargetEntry } from "./settings.ts";

/** Runs of all targets on this machine share its places and its GPUs, unless a target has some of its own. */
const MACHINE = "machine";

/** Runs that an engine with a queue of its own is given at once, unless its target says how many. */
const IN_ENGINES = 1000;

/** What all targets without something of their own share. */
export type MachineShare = {
  readonly runsAtOnce: number;
  /** The GPUs of the machine, by number. */
  readonly gpus?: readonly number[];
  /** Set where servers on other machines share the records: what runs on this one is counted apart. */
  readonly machine?: string;
};

/** What the flags of a definition may ask for in a container. */
export type ContainerRights = Pick<Abilities, "volumes" | "privileges">;

/** Targets that follow the settings while the service is up. */
export type ChangingTargets = Targets & {
  /** From now on there are these. What waits for one that is there no more waits on, and says so. */
  replace(entries: Readonly<Record<string, TargetEntry>>): void;
};

/** `local` is always there. A name `*` stands for every name that is not given. */
export function createTargets(
  entries: Readonly<Record<string, TargetEntry>>,
  machine: MachineShare,
  drivers: readonly ComputeDriver[],
  allowed: ContainerRights = { volumes: [], privileges: false },
): ChangingTargets {
  let now = read(entries, machine);
  const asking = drivers.map(checkedTogether);
  const byKind = new Map(asking.map((driver) => [driver.kind, driver]));
  const capacity = (pool: string): Capacity => now.pools.get(pool) ?? { places: machine.runsAtOnce };
  return {
    async abilities(target, signal) {
      const { name, kind, pool } = target;
      const driver = byKind.get(kind);
      const { multiNode, images } = driver?.can ?? { multiNode: false, images: false };
      const health = images ? await driver?.check(target, signal) : undefined;
      const { nodes = Number.POSITIVE_INFINITY, gpus = [] } = capacity(pool);
      const entry = now.all[name] ?? now.all["*"];
      const perRun = entry?.gpusPerRun;
      const reason = gpus.length > 0 && health?.usable === true ? health.withoutGpus : undefined;
      const inEngine = gpusInEngine(target, entry, nodes);
      const machines = kind === "ssh" ? machinesOf(target) : undefined;
      const mpiReason = kind === "slurm" ? whyNoMpi(target) : undefined;
      const given = reason === undefined ? gpus.length : 0;
      return {
        images: health?.usable === true,
        ...(health?.usable === false ? { imagesReason: health.reason } : {}),
        ...(health?.usable && health.withoutLimits !== undefined
          ? { limitsReason: health.withoutLimits }
          : {}),
        ...allowed,
        nodes: multiNode ? nodes : 1,
        gpusPerNode: inEngine?.ofNode ?? given,
        gpus: inEngine?.all ?? given,
        ...(machines === undefined ? {} : { mpiNodes: machines }),
        ...(mpiReason === undefined ? {} : { mpiReason }),
        gpusPerRun: perRun ?? Math.min(1, inEngine?.ofNode ?? given),
        ...(inEngine === undefined ? {} : { enginesGpus: true as const }),
        ...(reason === undefined ? {} : { gpusReason: reason }),
      };
    },
    find: (name) => {
      const any = now.named.get("*");
      return name === "*" ? undefined : (now.named.get(name) ?? (any ? { ...any, name } : undefined));
    },
    all: () => [...now.named.values()],
    driver: (kind) => {
      const driver = byKind.get(kind);
      if (!driver) throw new Error(`No driver serves the kind '${kind}'.`);
      return driver;
    },
    drivers: () => asking,
    isAway: (target) => byKind.get(target.kind)?.isAway?.(target) ?? false,
    capacity,
    pools: () => [...now.pools.keys()],
    replace: (changed) => {
      now = read(changed, machine);
    },
  };
}

/**
 * The same driver; who asks about a target while another does hears the same answer: each submission asks. A check that hangs, as on a disk
 * whose server is away, is of a target that cannot be used.
 */
function checkedTogether(driver: ComputeDriver): ComputeDriver {
  const together = createAskTogether<TargetHealth>();
  const check: ComputeDriver["check"] = async (target, signal) => {
    try {
      return await together(JSON.stringify(target), (asked) => driver.check(target, asked), signal);
    } catch (error) {
      if (!signal.aborted || signal.reason?.name !== "TimeoutError") throw error;
      return { usable: false, reason: HANGS };
    }
  };
  return new Proxy(driver, {
    get: (whole, name) => (name === "check" ? check : Reflect.get(whole, name, whole)),
  });
}

const HANGS =
  "It was asked and has not answered in time: its disk, its engine or the way to it hangs. Look at the folder that it names, and at the engine.";

type EngineGpus = { readonly ofNode: number; readonly all: number };
const engineGpus = (ofNode: number, all: number): EngineGpus | undefined =>
  ofNode > 0 ? { ofNode, all } : undefined;

/** Where the engine itself gives GPUs out: how many a node has at most, and how many there are. */
function gpusInEngine(
  target: TargetSettings,
  entry: TargetEntry | undefined,
  nodes: number,
): EngineGpus | undefined {
  switch (target.kind) {
    case "ssh":
      return engineGpus(gpusOfMachine(target), gpusOfPool(target));
    case "slurm": {
      const { gpusPerNode } = target.options;
      return typeof gpusPerNode === "number" ? engineGpus(gpusPerNode, gpusPerNode * nodes) : undefined;
    }
    default: {
      const { engineGpus: all = 0 } = entry ?? {};
      return engineGpus(all, all);
    }
  }
}

function read(entries: Readonly<Record<string, TargetEntry>>, machine: MachineShare) {
  const all: Readonly<Record<string, TargetEntry>> = { local: { kind: "process", options: {} }, ...entries };
  const named = new Map<string, TargetSettings>();
  for (const [name, entry] of Object.entries(all)) {
    const { kind, options } = entry;
    named.set(name, { name, kind, pool: poolOf(name, entry), options });
  }
  return { all, named, pools: poolsOf(all, machine) };
}

function poolOf(name: string, { kind, runsAtOnce, nodes, gpuIds }: TargetEntry): string {
  const own = [runsAtOnce, nodes, gpuIds].some((value) => value !== undefined);
  return own || ENGINE_KINDS.includes(kind) ? `target:${name}` : MACHINE;
}

/** A GPU that a target has for itself is not shared. Once any are counted, a run without one must not see any. */
function poolsOf(
  entries: Readonly<Record<string, TargetEntry>>,
  { runsAtOnce, gpus = [], machine }: MachineShare,
): ReadonlyMap<string, Capacity> {
  const here = machine === undefined ? {} : { machine };
  const own = new Set(Object.values(entries).flatMap(({ gpuIds = [] }) => gpuIds));
  const counted = own.size > 0 || gpus.length > 0;
  const shared = gpus.filter((gpu) => !own.has(gpu));
  const pools = new Map<string, Capacity>([
    [MACHINE, { places: runsAtOnce, ...(counted ? { gpus: shared } : {}), ...here }],
  ]);
  for (const [name, entry] of Object.entries(entries)) {
    const pool = poolOf(name, entry);
    if (pool === MACHINE) continue;
    const { kind, nodes, gpuIds = [] } = entry;
    const elsewhere = ENGINE_KINDS.includes(kind);
    // An ssh pool has no queue of its own: a run that it has no GPU for waits here, and keeps no place from one that needs none.
    const counts =
      kind === "ssh" ? gpusOfPool({ name, kind, pool, options: entry.options }) : entry.engineGpus;
    // Where nodes are counted they are what limits, unless places are named too.
    const slots = kind === "ssh" ? slotsOf({ name, kind, pool, options: entry.options }) : undefined;
    const places = entry.runsAtOnce ?? nodes ?? slots ?? (elsewhere ? IN_ENGINES : runsAtOnce);
    // A node of a run takes a slot, and so does a run of one.
    const nodesHere = nodes ?? slots;
    pools.set(pool, {
      places,
      ...(nodesHere === undefined ? {} : { nodes: nodesHere }),
      ...(counted && !elsewhere ? { gpus: gpuIds } : {}),
      ...(counts ? { gpus: [...Array(counts).keys()], gpusByEngine: true as const } : {}),
      ...(elsewhere ? {} : here),
    });
  }
  return pools;
}
