// What every compute driver must do, as tests over the port alone. The suites of one driver: its life, real processes, files.
import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type {
  ComputeDriver,
  Handle,
  Launch,
  LaunchKey,
  RunFolder,
  Sighting,
  TargetSettings,
} from "@malachite/core";
import type { RunPlacer } from "../src/adapters/compute/shared/prepareFolder.ts";
import { driverFiles } from "./computeDriverFiles.ts";
import { driverGroups } from "./computeDriverGroups.ts";
import { driverLife } from "./computeDriverLife.ts";
import { driverProcesses } from "./computeDriverProcesses.ts";
import { driverServers } from "./computeDriverServers.ts";
import { driverUsage } from "./computeDriverUsage.ts";

/** A driver with the engine it talks to, ready to take runs. Disposing it ends all that the tests left. */
export type DriverUnderTest = AsyncDisposable & {
  readonly driver: ComputeDriver;
  readonly target: TargetSettings;
  /** The driver as a restarted service would have it: same engine, same data, nothing remembered. Ends the one before. */
  restart(): Promise<ComputeDriver>;
  /** The driver of another server that sees the same folder; `placer` puts its projects there. */
  another?(placer: RunPlacer): ComputeDriver & AsyncDisposable;
  /** Makes the engine unreachable for the time of the work, where the test can. */
  withoutEngine?(work: () => Promise<void>): Promise<void>;
  /** Writes a file into the project folder of a run that runs. Needed where commands really run. */
  write?(key: LaunchKey, path: string, text: string): Promise<void>;
  /** Lets time pass, for an engine whose time is a value. Real time unless told. */
  pass?(ms: number): Promise<void>;
};

/** Commands that end in a known way, as argv of the engine under test. */
export type Payloads = {
  exit(code: number): readonly string[];
  /** Ends by that signal. */
  die(signal: "SIGKILL" | "SIGTERM"): readonly string[];
  /** Prints the line and ends with 0. */
  print(line: string): readonly string[];
  /** Runs until it is stopped. */
  readonly forever: readonly string[];
  /** Runs on when it is asked to end. */
  readonly stubborn: readonly string[];
};

export type DriverConformanceOptions = {
  /** Why the suite cannot run here; it is reported as skipped with these words. */
  readonly skip?: string;
  /** Commands of the engine; those of a POSIX shell unless told. */
  readonly payloads?: Payloads;
  /** Whether commands really run: false leaves out the suites of processes and files. */
  readonly realProcesses?: boolean;
  /** How many launches one `observe` is asked for. */
  readonly many?: number;
  /** Absolute path of a real python3, no shim. */
  readonly python?: string;
  /** Whether a process is held that clears its environment and leaves its session: control groups or containers do. */
  readonly holdsEverything?: boolean;
  /** Variables that the engine itself gives to every run. */
  readonly variables?: readonly string[] | RegExp;
  /** Target options that limit memory to 64 MiB, where the engine can. */
  readonly memoryLimit?: TargetSettings["options"];
  /** Target options that give a run a fifth of a processor, where the engine can. */
  readonly cpuLimit?: TargetSettings["options"];
  /** Whether servers share the folder of its runs, so that `another` is to be tried: where it is of this machine. */
  readonly severalServers?: boolean;
  /** Whether runs have several nodes there; yes unless told. */
  readonly severalNodes?: boolean;
  /** Whether the run's files come to a folder of the service that the run cannot write to. */
  readonly filesComeHome?: boolean;
  /** Longest any awaited fact may take, in ms. */
  readonly deadlineMs?: number;
};

const sh = (script: string): readonly string[] => ["sh", "-c", script];

export const SHELL_PAYLOADS: Payloads = {
  exit: (code) => sh(`exit ${code}`),
  die: (signal) => sh(`kill -${signal.slice(3)} $$`),
  print: (line) => ["printf", "%s\\n", line],
  forever: sh("while :; do sleep 0.05; done"),
  stubborn: sh("trap '' TERM; echo ready; while :; do sleep 0.05; done"),
};

/** What the suites work with: the driver under test and ways to say what is expected of it. */
export type Bench = {
  readonly driver: ComputeDriver;
  readonly subject: DriverUnderTest;
  readonly payloads: Payloads;
  readonly options: DriverConformanceOptions;
  readonly signal: AbortSignal;
  launchOf(
    name: string,
    argv: readonly string[],
    more?: Partial<Launch["plan"]>,
    secrets?: Launch["secrets"],
  ): Launch;
  launch(name: string, argv: readonly string[], more?: Partial<Launch["plan"]>): Promise<Handle>;
  sight(handle: Handle): Promise<Sighting>;
  /** Waits until the run has ended, and answers how. */
  ended(handle: Handle): Promise<Extract<Sighting, { at: "ended" }>>;
  /** Waits for a fact; fails with `what` after the deadline. */
  until<T>(what: string, fact: () => Promise<T | undefined | false>): Promise<T>;
  log(handle: Handle): Promise<Buffer>;
  /** Waits until the log holds the text, and answers it whole. */
  logWith(handle: Handle, text: string): Promise<string>;
};

/** Reads a whole file of a run. */
export async function readAll(folder: RunFolder, path: string, from?: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of folder.read(path, from)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** All that a stream yields, as a list. */
export async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of stream) all.push(value);
  return all;
}

/** Where the log of a run lies in its folder. */
export const LOG = "user_logs/std_log.txt";

/** Registers the suite. `makeDriver` is called once; what it gives is disposed at the end. */
export function computeDriverConformance(
  name: string,
  makeDriver: () => Promise<DriverUnderTest>,
  options: DriverConformanceOptions = {},
): void {
  describe(`compute driver: ${name}`, { skip: options.skip ?? false }, () => {
    let subject: DriverUnderTest | undefined;
    let current: ComputeDriver | undefined;
    before(async () => {
      subject = await makeDriver();
      current = subject.driver;
    });
    after(async () => {
      await subject?.[Symbol.asyncDispose]();
    });
    const present = (): DriverUnderTest => subject ?? assert.fail("the driver was not made");
    const bench = createBench(present, () => current ?? assert.fail("the driver was not made"), options);
    const restart = async (): Promise<void> => {
      current = await present().restart();
    };
    driverLife(bench, restart);
    if (options.realProcesses === false) return;
    driverProcesses(bench);
    driverUsage(bench);
    driverGroups(bench);
    driverFiles(bench);
    driverServers(bench);
  });
}

let serial = 0;

function createBench(
  subject: () => DriverUnderTest,
  driver: () => ComputeDriver,
  options: DriverConformanceOptions,
): Bench {
  const signal = new AbortController().signal;
  const deadlineMs = options.deadlineMs ?? 60_000;
  const bench: Bench = {
    get driver() {
      return driver();
    },
    get subject() {
      return subject();
    },
    payloads: options.payloads ?? SHELL_PAYLOADS,
    options,
    signal,
    launchOf: (name, argv, more = {}, secrets = {}) => ({
      plan: {
        key: `${name}-${process.pid}-${serial++}` as LaunchKey,
        target: subject().target,
        argv,
        environment: {},
        folders: ["outputs", "logs"],
        nodes: 1,
        ...more,
      },
      secrets,
    }),
    launch: (name, argv, more) => driver().launch(bench.launchOf(name, argv, more), signal),
    async sight(handle) {
      return (await driver().observe([handle], signal)).get(handle.key) ?? assert.fail("no sighting");
    },
    ended: (handle) =>
      bench.until(`the end of ${handle.key}`, async () => {
        const seen = await bench.sight(handle);
        assert.notEqual(seen.at, "gone", `${handle.key} is gone without an exit record`);
        return seen.at === "ended" && seen;
      }),
    async until(what, fact) {
      for (const begun = performance.now(); ; ) {
        const found = await fact();
        if (found !== undefined && found !== false) return found;
        if (performance.now() - begun > deadlineMs) assert.fail(`not within ${deadlineMs} ms: ${what}`);
        await (subject().pass?.(10) ?? pause(5));
      }
    },
    log: (handle) => readAll(driver().folder(handle), LOG),
    logWith: (handle, text) =>
      bench.until(`'${text}' in the log of ${handle.key}`, async () => {
        const log = (await bench.log(handle)).toString();
        return log.includes(text) && log;
      }),
  };
  return bench;
}
