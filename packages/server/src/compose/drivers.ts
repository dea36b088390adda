// The compute drivers, and the engines and programs that they share with others.
import type { ComputeDriver, SteadyClock } from "@malachite/core";
import { createContainerDriver } from "../adapters/compute/container/containerDriver.ts";
import type { AwayCourier } from "../adapters/compute/courier/index.ts";
import { createClusters } from "../adapters/compute/kubernetes/clusters.ts";
import { createKubernetesDriver } from "../adapters/compute/kubernetes/kubernetesDriver.ts";
import { detectCgroups } from "../adapters/compute/process/cgroups.ts";
import { createLauncher, type Launcher } from "../adapters/compute/process/launcher.ts";
import { createProcessDriver } from "../adapters/compute/process/processDriver.ts";
import { createGpuMeter } from "../adapters/compute/shared/gpuUsage.ts";
import { createLaunchMarks } from "../adapters/compute/shared/launchMarks.ts";
import type { RunPlacer } from "../adapters/compute/shared/prepareFolder.ts";
import { inheritedEnvironment } from "../adapters/compute/shared/runEnvironment.ts";
import { createSlurmCommands } from "../adapters/compute/slurm/slurmCommands.ts";
import { createSlurmDriver } from "../adapters/compute/slurm/slurmDriver.ts";
import { createSlurmRest } from "../adapters/compute/slurm/slurmRest.ts";
import { createSlurmVoice } from "../adapters/compute/slurm/slurmVoice.ts";
import type { MachineTools } from "../adapters/shared/machineTools.ts";
import { createEngines } from "../containers/index.ts";
import type { DataFolder } from "../dataFolder.ts";
import { ENTRIES, NODE_ARGS } from "../entries.ts";
import { serviceUser } from "../serviceUser.ts";
import type { Settings } from "../settings.ts";

export type Drivers = {
  readonly drivers: readonly ComputeDriver[];
  readonly launcher: Launcher;
  readonly engines: ReturnType<typeof createEngines>;
};

/** Whatever must end with the service goes onto `opened`. */
export function composeDrivers(
  settings: Settings,
  {
    folder,
    placer,
    clock,
    env,
    opened,
    courier,
    authority,
    tools,
    url,
  }: {
    readonly folder: DataFolder;
    readonly placer: RunPlacer;
    readonly clock: SteadyClock;
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly opened: AsyncDisposableStack;
    readonly courier: AwayCourier;
    /** PEM of who has signed the certificate of the service. */
    readonly authority: string;
    readonly tools: MachineTools;
    /** The address of the service, once it listens. */
    readonly url: () => string;
  },
): Drivers {
  const launcher = opened.use(
    createLauncher({ entry: ENTRIES.launcher, nodeArgs: NODE_ARGS, mark: folder.runs }),
  );
  const gpuMeter = createGpuMeter(settings.path, launcher);
  const process = opened.use(
    createProcessDriver({
      folder: folder.runs,
      placer,
      launcher,
      clock,
      cgroups: detectCgroups(folder.runs),
      inherited: inheritedEnvironment(env),
      gpuMeter,
      tools,
      shared: settings.database !== undefined,
    }),
  );
  const serviceUrl = () => settings.publicUrl ?? url();
  const marks = createLaunchMarks({ service: folder.id, secret: folder.secret, clock });
  const engines = createEngines({
    socket: settings.containerSocket,
    dockerHost: settings.dockerHost,
    runtimeFolder: settings.runtimeFolder,
  });
  const container = opened.use(
    createContainerDriver({
      folder: folder.containers,
      service: folder.id,
      engines,
      placer,
      marks,
      clock,
      user: serviceUser(),
      gpuMeter,
    }),
  );
  const kubernetes = opened.use(
    createKubernetesDriver({
      clusters: opened.use(createClusters(env)),
      service: folder.id,
      placer,
      marks,
      clock,
      user: serviceUser(),
      courier,
      authority,
      serviceUrl,
    }),
  );
  const slurm = opened.use(
    createSlurmDriver({
      folder: folder.slurm,
      placer,
      voice: createSlurmVoice({
        commands: createSlurmCommands({ path: settings.path, env, runner: launcher }),
        rest: createSlurmRest({ token: env.SLURM_JWT, user: serviceUser().name }),
      }),
      marks,
      clock,
      inherited: inheritedEnvironment(env),
      graceMs: settings.graceSeconds * 1000,
      tools,
      courier,
      authority,
      serviceUrl,
      files: ENTRIES.slurm,
    }),
  );
  return { drivers: [process, container, kubernetes, slurm], launcher, engines };
}
