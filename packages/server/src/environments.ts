// Who makes which environment: an interpreter that is there, one that is built, an image. Knows no tool.
import { type EnvironmentAsk, type EnvironmentBuilder, isBuilt, MalachiteError } from "@malachite/core";

/** The makers. `built`: python with packages; `image`: containers. One that is absent is not offered, and says so. */
export type EnvironmentMakers = {
  readonly system: EnvironmentBuilder;
  readonly built?: EnvironmentBuilder;
  readonly image?: EnvironmentBuilder;
};

/** Hands each ask to its maker. */
export function createEnvironments({ system, built, image }: EnvironmentMakers): EnvironmentBuilder {
  function makerOf(ask: EnvironmentAsk): EnvironmentBuilder {
    if (ask.container)
      return offered(image, "environment.docker.enabled", "Runs are not put into containers.");
    if (isBuilt(ask.environment)) {
      const target = "environment.python.userManagedDependencies";
      return offered(built, target, "Environments are not built from condaDependencies.");
    }
    return system;
  }
  return {
    check: async (ask, signal) => makerOf(ask).check(ask, signal),
    has: async (ask, signal) => makerOf(ask).has(ask, signal),
    prepare: async (ask, log, signal) => makerOf(ask).prepare(ask, log, signal),
  };
}

function offered(maker: EnvironmentBuilder | undefined, path: string, message: string): EnvironmentBuilder {
  if (maker) return maker;
  throw new MalachiteError("UnsupportedField", message, { target: `configuration.${path}` });
}
