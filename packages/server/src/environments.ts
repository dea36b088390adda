// Who makes which environment: an interpreter that is there, one that is built, an image. Knows no tool.
import {
  type BuildLog,
  type EnvironmentAsk,
  type EnvironmentBuilder,
  isBuilt,
  MalachiteError,
  type PreparedEnvironment,
  type RunStore,
  type SparkJars,
  type SparkJarsAsk,
} from "@malachite/core";

/** The makers. `built`: python with packages; `image`: containers. One that is absent is not offered, and says so. */
export type EnvironmentMakers = {
  readonly system: EnvironmentBuilder;
  readonly built?: EnvironmentBuilder;
  readonly image?: EnvironmentBuilder;
  /** For runs on machines that see nothing of this one: answers what is to be made there. */
  readonly away?: EnvironmentBuilder;
  /** Images that the engine of a target brings to its machines itself. */
  readonly brought?: EnvironmentBuilder;
  /** Packages for Spark on this machine, beside whichever environment; in images they are part of the image. */
  readonly sparkJars?: {
    has(ask: SparkJarsAsk, environment: PreparedEnvironment): Promise<boolean>;
    prepare(
      ask: SparkJarsAsk,
      environment: PreparedEnvironment,
      log: BuildLog,
      signal: AbortSignal,
    ): Promise<SparkJars>;
  };
};

/** Hands each ask to its maker. */
export function createEnvironments({
  system,
  built,
  image,
  away,
  brought,
  sparkJars,
}: EnvironmentMakers): EnvironmentBuilder {
  function makerOf(ask: EnvironmentAsk): EnvironmentBuilder {
    if (ask.away)
      return offered(
        away,
        "target",
        "No environments are made on machines that see nothing of the service's.",
      );
    if (ask.bringsImage)
      return offered(brought, "target", "No engine is there that brings images to its machines.");
    if (ask.container)
      return offered(image, "environment.docker.enabled", "Runs are not put into containers.");
    if (isBuilt(ask.environment)) {
      const target = "environment.python.userManagedDependencies";
      return offered(built, target, "Environments are not built from condaDependencies.");
    }
    return system;
  }
  /** What is to be fetched besides; without a fetcher the run itself does it. */
  const besides = (ask: EnvironmentAsk) =>
    ask.sparkJars && sparkJars && !ask.container && !ask.away
      ? { asked: ask.sparkJars, fetcher: sparkJars }
      : undefined;
  return {
    check: async (ask, signal) => makerOf(ask).check(ask, signal),
    async has(ask, signal) {
      const maker = makerOf(ask);
      const more = besides(ask);
      if (!(await maker.has(ask, signal))) return false;
      return !more || more.fetcher.has(more.asked, await maker.prepare(ask, unheard, signal));
    },
    async prepare(ask, log, signal) {
      const environment = await makerOf(ask).prepare(ask, log, signal);
      const more = besides(ask);
      if (!more) return environment;
      return { ...environment, sparkJars: await more.fetcher.prepare(more.asked, environment, log, signal) };
    },
  };
}

const unheard: BuildLog = async () => {};

function offered(maker: EnvironmentBuilder | undefined, path: string, message: string): EnvironmentBuilder {
  if (maker) return maker;
  throw new MalachiteError("UnsupportedField", message, { target: `configuration.${path}` });
}

/** The environments, and the images, that runs rely on which have begun and not ended. */
export async function environmentsInUse(runs: RunStore): Promise<ReadonlySet<string>> {
  const used = new Set<string>();
  for (const pool of await runs.poolsAtWork())
    for (const { scope, runId } of await runs.holding(pool)) {
      const { environmentId, sparkJarsId, image } = (await runs.get(scope, runId))?.life.plan ?? {};
      for (const id of [environmentId, sparkJarsId, image?.reference]) if (id !== undefined) used.add(id);
    }
  return used;
}
