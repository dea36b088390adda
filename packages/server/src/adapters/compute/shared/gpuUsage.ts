// What the GPUs of this machine are doing, as nvidia-smi tells it, and which processes use them. Knows no run.
import type { CommandRunner } from "../../shared/commandRunner.ts";

/** A tool that takes longer is sick; the next look asks again. */
const WITHIN_MS = 5_000;
const MEBIBYTE = 1024 * 1024;

export type GpuLook = {
  readonly gpu: number;
  readonly utilizationPercent?: number;
  readonly memoryUsedBytes?: number;
  readonly memoryBytes?: number;
  readonly powerWatts?: number;
  readonly powerLimitWatts?: number;
  /** Memory of each process on it, by pid. Empty where the tool does not know, as in a container. */
  readonly processes: ReadonlyMap<number, number>;
};

/** Never throws. */
export type GpuMeter = () => Promise<readonly GpuLook[]>;

/** Asks at each call; once the tool was not found, it is not looked for again. */
export function createGpuMeter(path: string, runner: CommandRunner): GpuMeter {
  let absent = false;
  const ask = async (query: string): Promise<string[][] | undefined> => {
    const end = await runner.run({
      program: "nvidia-smi",
      args: [query, "--format=csv,noheader,nounits"],
      env: { PATH: path, LC_ALL: "C" },
      cwd: "/",
      timeoutMs: WITHIN_MS,
      maxBytes: 4 * MEBIBYTE,
    });
    // Without a GPU there is mostly no tool; one that fails may work the next time.
    if ("fault" in end) absent ||= end.fault.code === "ENOENT";
    if (!("exitCode" in end) || end.exitCode !== 0) return undefined;
    return end.stdout
      .split("\n")
      .filter((line) => line.trim() !== "")
      .map((line) => line.split(",").map((cell) => cell.trim()));
  };
  return async () => {
    if (absent) return [];
    const [gpus = [], processes = []] = await Promise.all([
      ask("--query-gpu=index,uuid,utilization.gpu,memory.used,memory.total,power.draw,enforced.power.limit"),
      ask("--query-compute-apps=gpu_uuid,pid,used_memory"),
    ]);
    return gpus.flatMap((cells) => readGpu(cells, processes));
  };
}

function readGpu(cells: readonly string[], processes: readonly (readonly string[])[]): GpuLook[] {
  const [index = "", uuid, utilization, used, total, draw, limit] = cells;
  if (!/^\d+$/.test(index)) return [];
  const own = processes.flatMap(([of, pid, memory]): [number, number][] =>
    of === uuid && /^\d+$/.test(pid ?? "") ? [[Number(pid), (numberOf(memory) ?? 0) * MEBIBYTE]] : [],
  );
  const given = {
    utilizationPercent: numberOf(utilization),
    memoryUsedBytes: bytesOf(used),
    memoryBytes: bytesOf(total),
    powerWatts: numberOf(draw),
    powerLimitWatts: numberOf(limit),
  };
  const known = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return [{ gpu: Number(index), ...known, processes: new Map(own) }];
}

/** What a GPU does not know it writes as `[N/A]`. */
const numberOf = (cell: string | undefined): number | undefined =>
  cell !== undefined && /^\d+(\.\d+)?$/.test(cell) ? Number(cell) : undefined;
const bytesOf = (cell: string | undefined): number | undefined => {
  const mebibytes = numberOf(cell);
  return mebibytes === undefined ? undefined : mebibytes * MEBIBYTE;
};

/** The part of it that is a run's: the GPUs that it was given, or those that its processes are on. */
export function gpusOfRun(
  looks: readonly GpuLook[],
  pids: readonly number[],
  given: readonly number[] | undefined,
) {
  return looks.flatMap(({ gpu, processes, memoryBytes, memoryUsedBytes, ...rest }) => {
    const own = pids.flatMap((pid) => processes.get(pid) ?? []);
    if (given === undefined ? own.length === 0 : !given.includes(gpu)) return [];
    // One that was given is used by nobody else: where its processes are not told, all of its memory is the run's.
    const bytes = own.length > 0 ? own.reduce((sum, one) => sum + one, 0) : memoryUsedBytes;
    return [
      {
        gpu,
        ...rest,
        ...(bytes === undefined ? {} : { memoryBytes: bytes }),
        ...(memoryBytes === undefined ? {} : { memoryLimitBytes: memoryBytes }),
      },
    ];
  });
}
