// All containers that an engine has of some kind, in one question. Podman looks at the processes of each for its list, and refuses the
// whole of it where a container ends between two of its looks: it is asked again then.
import type { ContainerInfo } from "dockerode";
import { type Engine, EngineRefused } from "./engine.ts";

/** `read /proc/15461/cgroup: no such process`, `no container with ID … in database: no such container`. */
const ENDED_MEANWHILE = /no such (process|container|file or directory)/;
/** A list of many of which one ends in each look is a sign of something else. */
const MOST_TRIES = 10;

/** Throws EngineUnavailable, EngineRefused. */
export async function listContainers(
  engine: Engine,
  filters: Readonly<Record<string, readonly string[]>>,
  signal: AbortSignal,
): Promise<readonly ContainerInfo[]> {
  const asked = Object.fromEntries(Object.entries(filters).map(([name, values]) => [name, [...values]]));
  for (let tries = 1; ; tries += 1) {
    try {
      return await engine.ask(
        "list containers",
        (api, abortSignal) => api.listContainers({ all: true, filters: asked, abortSignal }),
        signal,
      );
    } catch (error) {
      const hasEnded =
        error instanceof EngineRefused && error.status >= 500 && ENDED_MEANWHILE.test(error.message);
      if (!hasEnded || tries === MOST_TRIES) throw error;
    }
  }
}
