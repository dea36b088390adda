// Who makes environments: the python of the machine, built ones, images.
import { join } from "node:path";
import type { Clock, EnvironmentBuilder, RunStore } from "@malachite/core";
import { createAwayEnvironments } from "../adapters/environments/away/awayEnvironments.ts";
import { createBuiltEnvironments } from "../adapters/environments/built/builtEnvironments.ts";
import { createSparkJars } from "../adapters/environments/built/sparkJars.ts";
import { createBroughtImages } from "../adapters/environments/image/broughtImages.ts";
import { createImageEnvironments } from "../adapters/environments/image/imageEnvironments.ts";
import { createSystemEnvironments } from "../adapters/environments/system/systemEnvironments.ts";
import type { MachineTools } from "../adapters/shared/machineTools.ts";
import type { createEngines } from "../containers/index.ts";
import type { DataFolder } from "../dataFolder.ts";
import { ENTRIES } from "../entries.ts";
import { createEnvironments, environmentsInUse } from "../environments.ts";
import type { Settings } from "../settings.ts";

/** Nothing is opened or started before it is needed. */
export function composeEnvironments(
  settings: Settings,
  {
    folder,
    engines,
    caBundle,
    runs,
    clock,
    env,
    tools,
  }: {
    readonly folder: DataFolder;
    readonly engines: ReturnType<typeof createEngines>;
    readonly caBundle: string;
    readonly runs: RunStore;
    readonly clock: Clock;
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly tools: MachineTools;
  },
): EnvironmentBuilder {
  const { path } = settings;
  const common = {
    limitBytes: settings.environmentBytes,
    buildMs: settings.environmentBuildMinutes * 60_000,
    inUse: () => environmentsInUse(runs),
    now: clock.now,
    shared: settings.database !== undefined,
  };
  const built = createBuiltEnvironments({
    ...common,
    folder: folder.environments,
    env,
    path,
    uv: settings.uv,
    conda: settings.conda,
    condaChannels: settings.condaChannels,
    packageIndex: settings.packageIndex,
    pythonDownloads: settings.pythonDownloads,
    files: ENTRIES.builds,
    tools,
  });
  return createEnvironments({
    away: createAwayEnvironments(),
    system: createSystemEnvironments({ path, tools, now: clock.now }),
    built,
    sparkJars: createSparkJars({ environments: built.environments, env, path }),
    brought: createBroughtImages({ defaultImage: settings.containerImage }),
    image: createImageEnvironments({
      ...common,
      engines,
      defaultImage: settings.containerImage,
      layers: {
        service: folder.id,
        recipe: {
          packageIndex: settings.packageIndex,
          condaChannels: settings.condaChannels,
          condaFolders: [],
        },
        folder: join(folder.containers, ".builds", folder.name),
        caBundle,
        variables: env,
        files: ENTRIES.builds,
      },
      marks: join(folder.containers, ".images"),
    }),
  });
}
