// What the driver asks the engine about its containers, in the driver's words. Knows no folder and no run.
import type { Engine } from "../../../containers/index.ts";
import { EngineRefused, listContainers } from "../../../containers/index.ts";
import type { ContainerSpec } from "./containerSpec.ts";

/** `created`: never started. `ended`: no process of it is left. */
export type Found = {
  readonly id: string;
  readonly at: "created" | "running" | "paused" | "ended";
  readonly code: number;
  readonly outOfMemory: boolean;
  /** Why the engine could not start it, in its words. */
  readonly error: string;
};

const stateOf = (status: string): Found["at"] => {
  switch (status.toLowerCase()) {
    case "created":
    case "configured":
    case "initialized":
      return "created";
    case "exited":
    case "stopped":
    case "dead":
    case "removing":
      return "ended";
    case "paused":
      return "paused";
    default:
      return "running";
  }
};

/** The container of that id or name; undefined when the engine has none. Throws EngineUnavailable. */
export async function findContainer(
  engine: Engine,
  name: string,
  signal: AbortSignal,
): Promise<Found | undefined> {
  try {
    const { Id, State } = await engine.ask(
      "look at a container",
      (api, abortSignal) => api.getContainer(name).inspect({ abortSignal }),
      signal,
    );
    return {
      id: Id,
      at: stateOf(State.Status),
      code: State.ExitCode,
      outOfMemory: State.OOMKilled === true,
      error: State.Error ?? "",
    };
  } catch (error) {
    if (error instanceof EngineRefused && error.status === 404) return undefined;
    throw error;
  }
}

/** All containers with that label, by their ids: one question. */
export async function containersWith(
  engine: Engine,
  label: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Found["at"]>> {
  const all = await listContainers(engine, { label: [label] }, signal);
  return new Map(all.map(({ Id, State }) => [Id, stateOf(State)]));
}

/** Answers its id. Throws EngineRefused; status 409 for a name that is taken. */
export async function createContainer(
  engine: Engine,
  spec: ContainerSpec,
  signal: AbortSignal,
): Promise<string> {
  const made = await engine.ask(
    "make a container",
    (api, abortSignal) => api.createContainer({ ...spec, abortSignal }),
    signal,
  );
  return made.id;
}

export const startContainer = (engine: Engine, id: string, signal: AbortSignal): Promise<void> =>
  engine.ask(
    "start a container",
    (api, abortSignal) => api.getContainer(id).start({ abortSignal }),
    signal,
    120_000,
  );

/** Ends what runs in it. Not there is success; one that is just being removed is waited for by the caller. */
export async function removeContainer(engine: Engine, id: string, signal: AbortSignal): Promise<void> {
  await unlessStatus([404, 409], () =>
    engine.ask(
      "remove a container",
      (api, abortSignal) => api.getContainer(id).remove({ force: true, v: true, abortSignal }),
      signal,
    ),
  );
}

/** SIGKILL for the first process and so for all. One that does not run is success. */
export async function killContainer(engine: Engine, id: string, signal: AbortSignal): Promise<void> {
  await unlessStatus([404, 409, 500], () =>
    engine.ask(
      "kill a container",
      (api, abortSignal) => api.getContainer(id).kill({ signal: "SIGKILL", abortSignal }),
      signal,
    ),
  );
}

export async function unpauseContainer(engine: Engine, id: string, signal: AbortSignal): Promise<void> {
  await unlessStatus([404, 409, 500], () =>
    engine.ask(
      "let a container go on",
      (api, abortSignal) => api.getContainer(id).unpause({ abortSignal }),
      signal,
    ),
  );
}

/**
 * Sends signals to every process in the container but its first one, the start script, from inside: only so is none missed, whatever
 * session it is in, and however quickly it is replaced by others. Resolves when the engine has begun it; one that does not run any
 * more is success. The shell's own `kill` needs no further process, which a limit may forbid.
 */
export async function signalAll(
  engine: Engine,
  id: string,
  signals: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const script = signals.map((name) => `kill -${name} -1`).join("; ");
  await unlessStatus([404, 409, 500], () =>
    engine.ask(
      "signal the processes of a container",
      async (api, abortSignal) => {
        const made = await api.getContainer(id).exec({
          Cmd: ["/bin/sh", "-c", script],
          // Root of the container, which may signal the processes of any user in it.
          User: "0",
          abortSignal,
        });
        const answer = await made.start({ Detach: true, abortSignal });
        // It has no more to say; unread, it would hold the connection for ever.
        answer.on("error", () => {}).resume();
      },
      signal,
    ),
  );
}

/** The last that the first process said to the engine: what went wrong before the start script could write. */
export async function lastWords(engine: Engine, id: string, signal: AbortSignal): Promise<string> {
  try {
    const bytes = await engine.ask(
      "read what a container said",
      (api, abortSignal) =>
        api.getContainer(id).logs({ stdout: true, stderr: true, tail: 5, follow: false, abortSignal }),
      signal,
    );
    return plain(Buffer.from(bytes as unknown as Uint8Array));
  } catch (error) {
    if (error instanceof EngineRefused) return "";
    throw error;
  }
}

/** Without the heads of 8 bytes that the engine puts before each piece of a stream. */
function plain(bytes: Buffer): string {
  const parts: Buffer[] = [];
  for (let at = 0; at + 8 <= bytes.length; ) {
    const size = bytes.readUInt32BE(at + 4);
    if ((bytes[at] ?? 9) > 2) return bytes.toString("utf8").trim();
    parts.push(bytes.subarray(at + 8, at + 8 + size));
    at += 8 + size;
  }
  return Buffer.concat(parts).toString("utf8").trim();
}

async function unlessStatus(statuses: readonly number[], work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof EngineRefused) || !statuses.includes(error.status)) throw error;
  }
}
