// The steps of a run on real stores, with an engine whose behaviour is data and a clock that the test moves.
import { mkdtempSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createFlow,
  type Flow,
  type FlowPorts,
  type LaunchPlan,
  type Principal,
  type Quota,
  type RetentionPolicy,
  type Run,
  RunKeeper,
  RunNews,
  type Scope,
  tellNews,
} from "@malachite/core";
import {
  createArtifactStore,
  createBlobStore,
  createSnapshotStore,
  type FolderSnapshotStore,
  fileZipper,
  KeyedLock,
} from "../src/adapters/blobs/folder/index.ts";
import { createLocalRunFolder } from "../src/adapters/compute/shared/localRunFolder.ts";
import { createDataCarrier } from "../src/adapters/data/index.ts";
import { storedZip } from "../src/adapters/localbundle/storedZip.ts";
import { createLogScanner } from "../src/adapters/logs/logScanner.ts";
import { openSqliteRecords, type SqliteRecords } from "../src/adapters/records/sqlite/sqliteRecords.ts";
import { systemIds } from "../src/adapters/system/ids.ts";
import type { TargetEntry } from "../src/settings.ts";
import { createTargets } from "../src/targets.ts";
import { BUNDLED_THREADS } from "./bundledThreads.ts";
import { createFakeClock, type FakeClock } from "./fakeClock.ts";
import { noMounts } from "./mountsUnderTest.ts";
import { countOpenCalls } from "./openCalls.ts";
import { createScriptedEngine, type Script, type ScriptedEngine } from "./scriptedDriver.ts";

export const SCOPE: Scope = {
  subscriptionId: "11111111-1111-1111-1111-111111111111",
  resourceGroup: "rg",
  workspace: "ws1",
};
export const ADA: Principal = { name: "ada", objectId: "o", tenantId: "t" };
const KIND = "scripted";
/** Stores and what works on files. All else goes by the clock of the test, or answers at once. */
const IN_REAL_TIME = [
  ...(["runs", "tables", "experiments", "workspaces", "models", "assets"] as const),
  ...(["datastores", "environmentRegistry", "metrics", "tracking", "retention", "kept"] as const),
  ...(["snapshots", "artifacts", "blobs", "data", "logs", "zipper"] as const),
] satisfies (keyof FlowPorts)[];

type ScriptFor = (script: string, plan: LaunchPlan) => Script;

/** What there is to share. */
export type PoolOptions = {
  readonly runsAtOnce?: number;
  readonly gpus?: readonly number[];
  /** Besides `local`. */
  readonly targets?: Readonly<Record<string, Partial<TargetEntry>>>;
};

/** Stores, engine and clock outlive the keeper: `restart` is what a kill -9 and a new start are to them. */
export class ScriptedService implements AsyncDisposable {
  readonly clock: FakeClock = createFakeClock();
  readonly engine: ScriptedEngine;
  readonly warnings: string[] = [];
  retention: readonly RetentionPolicy[] = [];
  /** May be set at any time, as others may be by a restart. */
  readonly quotas: { workspace?: Quota; user?: Quota } = {};
  readonly #folder = mkdtempSync(join(tmpdir(), "malachite-flow-"));
  #records: SqliteRecords | undefined;
  #snapshots: FolderSnapshotStore | undefined;
  readonly #logs = createLogScanner({ entry: BUNDLED_THREADS.logs });
  #keeper: RunKeeper | undefined;
  #flow: Flow | undefined;
  #lives = 0;
  readonly #openCalls = countOpenCalls();
  #pool: PoolOptions;
  readonly #retries: number;
  ports: FlowPorts | undefined;

  private constructor(scriptFor: ScriptFor, pool: PoolOptions, retries: number) {
    this.#pool = pool;
    this.#retries = retries;
    this.engine = createScriptedEngine({
      clock: this.clock,
      kind: KIND,
      can: { multiNode: true, images: false, gpus: true },
      scriptFor: (plan) => scriptFor(plan.argv[2] ?? "", plan),
    });
  }

  /** `scriptFor` tells how the engine treats a run, by the name of its script. */
  static async start(
    scriptFor: ScriptFor,
    { retries = 0, ...pool }: PoolOptions & { readonly retries?: number } = {},
  ): Promise<ScriptedService> {
    const service = new ScriptedService(scriptFor, pool, retries);
    service.#records = await openSqliteRecords({
      file: join(service.#folder, "records.sqlite"),
      entry: BUNDLED_THREADS.records,
      quotas: service.quotas,
    });
    service.#snapshots = createSnapshotStore({ folder: service.#folder, entry: BUNDLED_THREADS.blobs });
    await service.#begin();
    return service;
  }

  /** The service's own folder; `shelf` in it is a datastore of that name. */
  get folder(): string {
    return this.#folder;
  }

  get flow(): Flow {
    if (!this.#flow) throw new Error("The service is not started.");
    return this.#flow;
  }

  /** The keeper of before is gone without a word; a new one with a new driver begins. */
  async restart(pool: PoolOptions = this.#pool): Promise<void> {
    this.#pool = pool;
    await this.#keeper?.[Symbol.asyncDispose]();
    await this.#begin();
  }

  async #begin(): Promise<void> {
    const { clock, warnings } = this;
    if (!this.#records || !this.#snapshots) throw new Error("The stores are not open.");
    const { tables, runs, experiments, workspaces, models, assets, datastores, environmentRegistry } =
      this.#records;
    const { metrics, tracking, retention, kept } = this.#records;
    const locks = new KeyedLock();
    const blobs = createBlobStore({ folder: this.#folder, locks });
    const ports: FlowPorts = {
      runs,
      tables,
      experiments,
      workspaces,
      models,
      assets,
      datastores,
      secretBox: { seal: (text) => text, open: (sealed) => sealed },
      environmentRegistry,
      metrics,
      tracking,
      retention,
      kept,
      snapshots: this.#snapshots,
      artifacts: createArtifactStore({ folder: this.#folder, locks }),
      blobs,
      data: createDataCarrier({
        folder: join(this.#folder, "data"),
        blobs,
        blobsFolder: (container) => blobs.folderOf({ kind: "store", name: container }),
        named: { shelf: { kind: "folder", path: join(this.#folder, "shelf") } },
        allowHosts: ["*"],
        openFolder: createLocalRunFolder,
        mounts: noMounts,
      }),
      environments: {
        check: async () => {},
        has: async () => true,
        prepare: async () => ({ id: "test", python: "/usr/bin/python3", variables: {} }),
      },
      logs: this.#logs,
      zipper: fileZipper,
      bundler: { pack: async function* () {} },
      courier: {
        listing: async () => undefined,
        content: async () => undefined,
        home: async () => undefined,
        take: async () => [],
        meeting: async () => undefined,
      },
      tokens: { issue: async (run) => ({ token: `token of ${run.id}`, expiresAt: clock.now() + 1e9 }) },
      targets: createTargets(
        Object.fromEntries(
          Object.entries({ local: {}, ...this.#pool.targets }).map(([name, more]) => [
            name,
            { kind: KIND, options: {}, ...more },
          ]),
        ),
        { runsAtOnce: this.#pool.runsAtOnce ?? 10, gpus: this.#pool.gpus },
        [this.engine.driver()],
      ),
      clock,
      ids: systemIds,
      log: {
        info: () => {},
        warn: (event) => warnings.push(event),
        error: (event, error) => warnings.push(`${event}: ${error}`),
      },
      machine: { facts: async () => undefined },
      news: new RunNews(),
      settings: {
        owner: `life-${++this.#lives}`,
        leaseMs: 30_000,
        watchIntervalMs: 1000,
        retention: () => this.retention,
        retries: this.#retries,
        systemMetricsMs: 10_000,
        graceMs: 5000,
        workspacesByFirstWrite: true,
        serviceUrl: () => "http://127.0.0.1:1",
        secureUrl: () => "https://127.0.0.1:1",
        caBundle: "/etc/ca-bundle.pem",
        namedDatastores: { shelf: "folder" },
        dataRoots: [],
        workspaceId: () => "00000000-0000-0000-0000-000000000000",
      },
    };
    const watched = IN_REAL_TIME.map((name) => [name, this.#openCalls.watch<object>(ports[name])]);
    const told: FlowPorts = tellNews({ ...ports, ...Object.fromEntries(watched) });
    this.ports = told;
    this.#flow = createFlow(told);
    this.#keeper = new RunKeeper(told);
    await this.#keeper.start();
  }

  /** Submits a project of one script; the script's name chooses what the engine does. */
  async submit(script: string, configuration: Record<string, unknown> = {}, runId?: string): Promise<Run> {
    const snapshotId = await this.#project(script);
    return this.flow.submitRun({
      scope: SCOPE,
      experimentName: "e",
      runId,
      definition: { snapshotId, configuration: { script, ...configuration } },
      by: ADA,
    });
  }

  /** A project of one empty script. */
  async #project(script: string): Promise<string> {
    if (!this.#snapshots) throw new Error("The stores are not open.");
    const file = join(this.#folder, `${systemIds.uuid()}.zip`);
    await writeFile(file, storedZip([{ path: script, mode: 0o644, bytes: new Uint8Array() }]));
    return (await this.#snapshots.keepZip(SCOPE, { file, sizeBytes: 0, sha256: "" })).id;
  }

  async status(runId: string): Promise<string> {
    return (await this.flow.getRun({ scope: SCOPE, runId })).status;
  }

  async run(runId: string): Promise<Run> {
    return (await this.flow.getRun({ scope: SCOPE, runId })).run;
  }

  /** Moves time on in small steps until the fact holds; says what was waited for when it never does. */
  async until(
    what: string,
    holds: () => boolean | Promise<boolean>,
    { stepMs, withinMs = 600_000 }: { readonly stepMs?: number; readonly withinMs?: number } = {},
  ): Promise<void> {
    let passed = 0;
    while (passed <= withinMs) {
      // What takes long is waited for in longer steps: each of them costs real time.
      const step = stepMs ?? (passed < 5000 ? 50 : 200);
      // The stores work in threads of their own: real time passes for them, and none of the test's, however busy the machine is.
      await this.#openCalls.none();
      if (await holds()) return;
      await this.clock.advance(step);
      passed += step;
    }
    throw new Error(`${withinMs / 1000} s of the test's time have passed without ${what}.`);
  }

  async reached(runId: string, status: string, withinMs?: number): Promise<Run> {
    await this.until(`run ${runId} being ${status}`, async () => (await this.status(runId)) === status, {
      withinMs,
    });
    return this.run(runId);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#keeper?.[Symbol.asyncDispose]();
    await this.#records?.close();
    await this.#snapshots?.[Symbol.asyncDispose]();
    await this.#logs[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
