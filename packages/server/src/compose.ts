// With compose/ the only place that knows which adapter is behind which port. Builds the service from its settings; `start` starts it.
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import {
  createFlow,
  type Flow,
  type FlowPorts,
  isTerminal,
  RunKeeper,
  RunNews,
  scopeOfKey,
  tellNews,
} from "@malachite/core";
import { createAuditLog } from "./adapters/audit/auditLog.ts";
import { fileZipper } from "./adapters/blobs/folder/fileZipper.ts";
import { createCourier } from "./adapters/compute/courier/index.ts";
import { createOutliving } from "./adapters/compute/process/outliving.ts";
import { findGpus } from "./adapters/compute/shared/findGpus.ts";
import { createLocalRunFolder } from "./adapters/compute/shared/localRunFolder.ts";
import type { RunPlacer } from "./adapters/compute/shared/prepareFolder.ts";
import { inheritedEnvironment } from "./adapters/compute/shared/runEnvironment.ts";
import { createDataCarrier, createRemoteMounts } from "./adapters/data/index.ts";
import { toolEnvironment } from "./adapters/environments/built/toolEnvironment.ts";
import { createLocalBundler } from "./adapters/localbundle/localBundler.ts";
import { storedZip } from "./adapters/localbundle/storedZip.ts";
import { createLogScanner } from "./adapters/logs/logScanner.ts";
import { createMachineTools } from "./adapters/shared/machineTools.ts";
import { systemClock } from "./adapters/system/clock.ts";
import { systemIds } from "./adapters/system/ids.ts";
import { createLog } from "./adapters/system/log.ts";
import { systemMachine } from "./adapters/system/machine.ts";
import { createSecretBox } from "./adapters/system/secretBox.ts";
import { openCertificates } from "./adapters/tls/openCertificates.ts";
import { serverNames } from "./adapters/tls/serverNames.ts";
import { guidOf, scopeOf, urlOf } from "./addresses.ts";
import { countFiles } from "./compose/countFiles.ts";
import { composeDrivers } from "./compose/drivers.ts";
import { composeEnvironments } from "./compose/environments.ts";
import { type ChangingSettings, followSettings } from "./compose/followSettings.ts";
import { freeLeft, LEFT_SWEPT_EVERY_MS } from "./compose/freeLeft.ts";
import { keepHouse } from "./compose/keepHouse.ts";
import { openServers } from "./compose/openServers.ts";
import { repeated } from "./compose/repeated.ts";
import { sweepWaits } from "./compose/sweepWaits.ts";
import { openDataFolder } from "./dataFolder.ts";
import { ENTRIES } from "./entries.ts";
import { openFileStores } from "./fileStores.ts";
import { giveBackAtRest } from "./files/atRest.ts";
import { spool } from "./files/index.ts";
import { createAuth } from "./http/auth/auth.ts";
import { AZURE_HOSTS } from "./http/azureHost.ts";
import { createHttpServer } from "./http/server.ts";
import { openRecords } from "./openRecords.ts";
import { createRequestLog } from "./requestLog.ts";
import { createServiceControl } from "./serviceControl.ts";
import { isLoopback, type Settings } from "./settings.ts";
import { createSshRuns } from "./sshRuns.ts";
import { createTargets } from "./targets.ts";
import { openTelemetry } from "./telemetry/telemetry.ts";
import { VERSION } from "./version.ts";

export type ComposeOptions = {
  /** What runs inherit their few variables from. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly writeLog: (line: string) => void;
  /** For tests: puts something around the ports, as a fault. */
  readonly around?: (ports: FlowPorts) => FlowPorts;
  /** The settings as they are now: targets and retention are looked at again when the file changes. Throws for wrong ones. */
  readonly settingsNow?: () => ChangingSettings;
  /** For tests: how long tokens say that they last. */
  readonly tokenLifetimeMs?: number;
  /** For tests: retention has its turn so often. */
  readonly houseEveryMs?: number;
};

/** A service. Disposing it stops taking work and lets runs go on by themselves. */
export type App = AsyncDisposable & {
  readonly flow: Flow;
  /** The certificate authority of the data folder, PEM. */
  readonly authority: string;
  /** Resolves when an operator has drained the service and its last run has ended: it may be disposed of. */
  readonly drained: Promise<void>;
  /** Logs everything, or again what the settings say. */
  turnLog(): void;
  /** Takes over unfinished runs, then listens. Resolves with the base URL when the service takes work. */
  start(): Promise<string>;
};

/** A lease that is not renewed for so long is another server's to take. */
const LEASE_MS = 30_000;
/** Where there are several: so long the runs of one that has died wait for another. It is renewed three times as often. */
const SHARED_LEASE_MS = 9_000;
/** Engines are asked this often when no hint comes. */
const WATCH_INTERVAL_MS = 1000;

/** Files that no snapshot was made of are looked for so often. */
const UPLOADS_SWEPT_EVERY_MS = 3600_000;
/** Containers that were changed are counted so soon; none is looked at where none was. */
const FILES_COUNTED_EVERY_MS = 1000;
/** It is looked whether it is time for what retention lets go. */
const HOUSE_KEPT_EVERY_MS = 5 * 60_000;

/** Locks the data folder and opens the stores. Throws Busy, StorageFailed, DatabaseUnavailable. */
export async function compose(
  settings: Settings,
  { env, writeLog, around = (ports) => ports, settingsNow, tokenLifetimeMs, houseEveryMs }: ComposeOptions,
): Promise<App> {
  await using opened = new AsyncDisposableStack();
  // The parts keep no process alive by themselves: without this, Node would end before those of a failed start have closed.
  const alive = setInterval(() => {}, 1000);
  opened.defer(() => clearInterval(alive));
  const log = createLog(settings.logLevel, writeLog);
  const clock = systemClock;
  // With a database of its own behind it, a server is one of several, or may become so at any time.
  const several = settings.database !== undefined;
  const name = systemIds.hex(8);
  const machine = several ? { machine: settings.machine } : {};
  const folder = opened.use(openDataFolder(settings.data, several ? { shared: name } : {}));
  const certificates = opened.use(
    await openCertificates({
      folder: folder.tls,
      // The hosts in whose place the service answers a shell that has it as its proxy are its names too.
      names: [...serverNames(settings), ...AZURE_HOSTS],
      ...(settings.tlsCert !== undefined && settings.tlsKey !== undefined
        ? { given: { certificate: settings.tlsCert, key: settings.tlsKey } }
        : {}),
      trusted: settings.trusted,
      now: clock.now,
      log,
    }),
  );
  folder.begun();
  const foundGpus = settings.gpus === "auto" ? findGpus(settings.path, env.CUDA_VISIBLE_DEVICES) : undefined;
  const records = await openRecords(settings, folder.records, log);
  opened.defer(() => records.close());
  const stores = opened.use(
    await openFileStores({
      setting: settings.blobs,
      folder: folder.blobs,
      incoming: folder.incoming,
      entry: ENTRIES.blobs,
      now: clock.now(),
      several,
      log,
    }),
  );
  const { snapshots, artifacts, blobs } = stores;
  const placer: RunPlacer = {
    place: (tree, into, signal) => snapshots.place(tree, into, signal),
    placeFiles: (files, project, signal) => artifacts.placeFiles(files, project, signal),
  };
  opened.use(repeated(LEFT_SWEPT_EVERY_MS, () => stores.sweep(clock.now()), log));
  const logs = opened.use(createLogScanner({ entry: ENTRIES.logs }));
  const courier = opened.use(
    createCourier({
      folder: folder.away,
      placer,
      snapshots,
      caBundle: certificates.bundle,
      writeZip: storedZip,
      files: ENTRIES.courier,
      agent: ENTRIES.agent,
    }),
  );
  const tools = createMachineTools({
    path: settings.path,
    env: { ...toolEnvironment(env), ...inheritedEnvironment(env) },
    now: clock.now,
  });
  const { drivers, launcher, engines } = composeDrivers(settings, {
    ...{ folder, placer, clock, env, opened, tools },
    ...{ courier, authority: certificates.authority, url: () => url },
  });
  const ssh = createSshRuns({
    ...{ folder, courier, clock, agentSocket: env.SSH_AUTH_SOCK },
    targets: () => targets.all(),
    url: () => url,
  });
  opened.use(ssh.driver);
  // Whoever names a token or an issuer wants callers to be known: then `dev` is not one of them.
  const development =
    isLoopback(settings.host) && settings.token.length === 0 && settings.issuer === undefined;
  const auth = createAuth(
    {
      secret: folder.secret,
      development,
      tokens: settings.token,
      msiSecret: settings.msiSecret,
      tokenLifetimeMs,
      operators: settings.operator,
      issuer:
        settings.issuer === undefined
          ? undefined
          : {
              issuer: settings.issuer,
              audience: settings.audience ?? "",
              jwksUri: settings.jwksUri,
              clockSkewSeconds: settings.clockSkewSeconds,
            },
    },
    clock,
    async ({ workspace, runId }) => {
      const run = await records.runs.get(scopeOfKey(workspace), runId);
      return run !== undefined && !isTerminal(run.life.status);
    },
  );
  const { gpus, fault } = (await foundGpus) ?? { gpus: settings.gpus as readonly number[], fault: undefined };
  if (fault !== undefined) log.warn("gpusUnknown", { reason: fault });
  const targets = createTargets(
    settings.target,
    { runsAtOnce: settings.runsAtOnce, gpus, ...machine },
    [...drivers, ssh.driver],
    {
      volumes: settings.containerVolumes,
      privileges: settings.containerPrivileges,
    },
  );
  let url = "";
  let { retention } = settings;
  const given = around({
    runs: records.runs,
    tables: records.tables,
    experiments: records.experiments,
    workspaces: records.workspaces,
    models: records.models,
    assets: records.assets,
    datastores: records.datastores,
    secretBox: createSecretBox(folder.secret),
    data: createDataCarrier({
      folder: folder.runData,
      ...{ blobs, blobsFolder: stores.blobsFolder },
      blobsAddress: (container, { readOnly }) => auth.blobs.mountLink(url, { container, readOnly }),
      named: settings.datastores,
      ...{ allowHosts: settings.allowDataHost, identityAccounts: settings.dataIdentity },
      openFolder: createLocalRunFolder,
      mounts: createRemoteMounts({ processes: createOutliving(launcher), path: settings.path, env }),
    }),
    environmentRegistry: records.environmentRegistry,
    metrics: records.metrics,
    tracking: records.tracking,
    retention: records.retention,
    kept: records.kept,
    snapshots,
    artifacts,
    blobs,
    environments: composeEnvironments(settings, {
      folder,
      engines,
      caBundle: certificates.bundle,
      runs: records.runs,
      clock,
      env,
      tools,
    }),
    courier,
    bundler: createLocalBundler({
      writeZip: storedZip,
      files: ENTRIES.agent,
      certificateAuthority: certificates.authority,
    }),
    logs,
    zipper: fileZipper,
    tokens: auth.runTokens,
    targets,
    clock,
    ids: systemIds,
    log,
    machine: systemMachine(settings.data),
    news: new RunNews(),
    settings: {
      owner: `${folder.id}/${name}`,
      ...machine,
      leaseMs: several ? SHARED_LEASE_MS : LEASE_MS,
      draining: () => control.state() === "draining",
      watchIntervalMs: WATCH_INTERVAL_MS,
      retries: settings.retries,
      retention: () => retention,
      ...(settings.retentionProjectDays === undefined
        ? {}
        : { keepProjectsDays: settings.retentionProjectDays }),
      systemMetricsMs: settings.systemMetricsSeconds * 1000,
      graceMs: settings.graceSeconds * 1000,
      workspacesByFirstWrite: settings.workspacesByFirstWrite,
      serviceUrl: () => settings.publicUrl ?? url,
      secureUrl: () => (settings.publicUrl ?? url).replace(/^http:/, "https:"),
      caBundle: certificates.bundle,
      namedDatastores: Object.fromEntries(
        Object.entries(settings.datastores).map(([name, { kind }]) => [name, kind]),
      ),
      dataRoots: settings.dataRoot,
      workspaceId: (key) => guidOf(folder.id, key),
    },
  });
  const telemetry = opened.use(
    await openTelemetry({ ...settings, version: VERSION, instance: given.settings.owner, log }),
  );
  log.also = telemetry.logFields;
  const ports = telemetry.around(tellNews(given));
  const flow = createFlow(ports);
  const others = several ? opened.use(await openServers(settings, records, ports)) : undefined;
  opened.use(giveBackAtRest());
  opened.use(repeated(UPLOADS_SWEPT_EVERY_MS, () => flow.snapshots.sweepUploads(), log));
  const keeper = opened.use(new RunKeeper(ports));
  const takeSettings = (now: ChangingSettings): void => {
    targets.replace(now.target);
    retention = now.retention;
    ports.news.queueMoved();
  };
  const followed = opened.use(followSettings(settings.settingsFile, settingsNow, takeSettings, log));
  const control = createServiceControl({
    keeper,
    log,
    addTarget: followed.add,
    records: () => records.runs.waiting(""),
    dataFolder: settings.data,
    version: VERSION,
    now: clock.now,
  });
  const audit = opened.use(
    createAuditLog({
      folder: folder.audit,
      limitBytes: settings.auditBytes,
      ...(several ? { turns: join(folder.path, "lock.audit") } : {}),
    }),
  );
  const ended = new AbortController();
  opened.defer(() => ended.abort());
  opened.use(repeated(FILES_COUNTED_EVERY_MS, countFiles(flow, ended.signal), log));
  const everyMs = houseEveryMs ?? settings.retentionHours * 3600_000;
  const house = { flow, ports, audit, clock, log, everyMs };
  opened.use(repeated(Math.min(HOUSE_KEPT_EVERY_MS, everyMs), () => keepHouse(house, ended.signal), log));
  opened.use(freeLeft(flow, ended.signal, log));
  const http = createHttpServer({
    flow,
    auth,
    log,
    clock,
    spool,
    ready: () => control.phase === "ok",
    service: control,
    audit,
    watches: [...telemetry.requests, ...(settings.requestLog ? [createRequestLog(log)] : [])],
    certificates,
    isOfRuns: ssh.isOfRuns,
    settings: {
      version: VERSION,
      webFolder: ENTRIES.web,
      uploadsFolder: folder.incoming,
      publicUrl: settings.publicUrl,
      publicHosts: settings.allowHost,
      allowedOrigins: settings.allowOrigin,
      passesOn: development,
    },
  });
  opened.defer(() => {
    control.phase = "stopping";
    stores.hurry();
    return http.close();
  });

  clearInterval(alive);
  const owned = opened.move();
  return {
    flow,
    authority: certificates.authority,
    drained: control.drained,
    turnLog: () => log.turn(),
    async start() {
      for (const name of settings.workspace) await ports.workspaces.ensure(scopeOf(name), clock.now());
      launcher.start();
      // Listening comes first, so that runs are told the right address; requests are answered 503 until all runs are in hand.
      await http.listen({ host: settings.host, port: settings.port });
      url = urlOf(http.server.address() as AddressInfo);
      const metricsAt = await telemetry.start({
        ...ports,
        ready: async () => (await control.readiness()).ready,
        dataFolder: settings.data,
      });
      if (metricsAt !== undefined) log.info("metrics", { at: metricsAt });
      // Of a storage that does not answer now, the next sweep does it.
      const swept = flow.snapshots.sweepUploads().catch(sweepWaits(log));
      if (settings.blobs.kind === "folder") await swept;
      await others?.join(url);
      await keeper.start();
      control.phase = "ok";
      folder.announce({
        pid: process.pid,
        url,
        startedAt: new Date(clock.now()).toISOString(),
        settings: settings.settingsFile,
      });
      return url;
    },
    async [Symbol.asyncDispose]() {
      // The parts keep no process alive by themselves: without this, Node would end before they have closed.
      const alive = setInterval(() => {}, 1000);
      await owned.disposeAsync().finally(() => clearInterval(alive));
    },
  };
}
