// Whether the engine of a container target is there, and what it can do of what the target asks for.
import { isMalachiteError, type TargetHealth, type TargetSettings } from "@malachite/core";
import { EngineRefused, type Engines } from "../../../containers/index.ts";
import { parseContainerOptions } from "./containerTarget.ts";

/** Throws what is no answer of the engine. */
export async function healthOfEngine(
  engines: Engines,
  target: TargetSettings,
  signal: AbortSignal,
): Promise<TargetHealth> {
  try {
    const { memoryMiB, cpus, socket } = parseContainerOptions(target);
    const engine = await engines.at(socket);
    await engine.ask("answer", (api) => api.ping(), signal, 5000);
    const { limits, name, gpusReason } = await engine.facts(signal);
    const reason = `${name} cannot limit memory and CPUs on this machine: it lacks the control groups.`;
    if (!limits && (memoryMiB !== undefined || cpus !== undefined)) return { usable: false, reason };
    return {
      usable: true,
      ...(gpusReason === undefined ? {} : { withoutGpus: gpusReason }),
      ...(limits ? {} : { withoutLimits: reason }),
    };
  } catch (error) {
    if (isMalachiteError(error) || error instanceof EngineRefused)
      return { usable: false, reason: error.message };
    throw error;
  }
}
