// Environments that are built from condaDependencies, on this machine: with the tools of the settings, or with those that the target of a
// run names. All lie in one folder, under one limit.
import { join } from "node:path";
import type { EnvironmentAsk, EnvironmentBuilder } from "@malachite/core";
import type { MachineTools, ToolsHere } from "../../shared/machineTools.ts";
import { type BuilderOptions, createBuilder } from "./builder.ts";
import { EnvironmentFolder } from "./environmentFolder.ts";
import { toolEnvironment } from "./toolEnvironment.ts";

export type BuiltEnvironmentsOptions = Omit<
  BuilderOptions,
  "environments" | "environment" | "installing" | "home" | "pyenv" | "ofUv" | "mark" | "toolPath"
> & {
  /** The service's own variables: tools get a few of them. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly limitBytes: number;
  readonly inUse: () => Promise<ReadonlySet<string>>;
  /** Those that targets name. */
  readonly tools: MachineTools;
};

export type BuiltEnvironments = EnvironmentBuilder & {
  /** What else is to be made once and shared lies in the same folder, under the same limit. */
  readonly environments: EnvironmentFolder;
};

/** Builders of targets that are kept for the next run; a setup file may answer something else each time. */
const MOST_BUILDERS = 16;

export function createBuiltEnvironments(options: BuiltEnvironmentsOptions): BuiltEnvironments {
  const { folder, env, path, packageIndex, condaChannels, limitBytes, inUse, shared, tools, ...rest } =
    options;
  const cache = join(folder, "cache");
  const { now, buildMs } = rest;
  const environments = new EnvironmentFolder({ folder, limitBytes, cache, inUse, now, buildMs, shared });
  const installing = new Map<string, Promise<string>>();
  const environment = toolEnvironment(env);
  const home = env.HOME ?? "/";
  const pyenv = env.PYENV_ROOT ?? join(home, ".pyenv");
  const ofUv = env.UV_PYTHON_INSTALL_DIR ?? join(home, ".local", "share", "uv", "python");
  const common = { ...rest, folder, environments, installing, shared, home, pyenv, ofUv };
  const usual = createBuilder({ ...common, path, environment, packageIndex, condaChannels });
  const ofTargets = new Map<string, EnvironmentBuilder>();

  async function builderOf(ask: EnvironmentAsk, signal: AbortSignal): Promise<EnvironmentBuilder> {
    if (ask.tools === undefined) return usual;
    const here = await tools.of(ask.tools, signal);
    const { packageIndex: index = packageIndex, condaChannels: channels = condaChannels } = ask.tools;
    const key = JSON.stringify([index, channels, here]);
    const builder = ofTargets.get(key) ?? createBuilder(withTools(index, channels, here, ask.tools));
    ofTargets.delete(key);
    ofTargets.set(key, builder);
    for (const [oldest] of ofTargets) {
      if (ofTargets.size <= MOST_BUILDERS) break;
      ofTargets.delete(oldest);
    }
    return builder;
  }

  function withTools(
    index: string | undefined,
    channels: readonly string[],
    here: ToolsHere,
    { toolPath, setup }: NonNullable<EnvironmentAsk["tools"]>,
  ): BuilderOptions {
    const named = toolPath !== undefined || setup !== undefined;
    return {
      ...common,
      path: here.path,
      environment: { ...environment, ...here.variables, ...(named ? { PATH: here.path } : {}) },
      packageIndex: index,
      condaChannels: channels,
      ...(named ? { mark: here.mark } : {}),
      toolPath: here.toolPath,
    };
  }

  return {
    environments,
    check: async (ask, signal) => (await builderOf(ask, signal)).check(ask, signal),
    has: async (ask, signal) => (await builderOf(ask, signal)).has(ask, signal),
    prepare: async (ask, log, signal) => (await builderOf(ask, signal)).prepare(ask, log, signal),
  };
}
