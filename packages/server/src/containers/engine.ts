// The engine that runs containers on this machine: Docker, or Podman behind the same API. Where its socket is, and its troubles in
// our words. Knows no run.
import { access, constants } from "node:fs/promises";
import { Agent } from "node:http";
import { join } from "node:path";
import { inspect } from "node:util";
import { MalachiteError } from "@malachite/core";
import type Docker from "dockerode";
import { type EngineFacts, readFacts } from "./engineFacts.ts";

export type { default as Docker } from "dockerode";

export type Engine = {
  readonly socket: string;
  /**
   * Asks the engine. `what` completes "The engine was asked to …". Throws EngineRefused for an answer that says no, EngineUnavailable
   * for none within `withinMs` (a minute unless told), and the signal's reason.
   */
  ask<T>(
    what: string,
    work: (api: Docker, abortSignal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
    withinMs?: number,
  ): Promise<T>;
  /** Asked once a minute: an engine may be given GPUs, or be another one, while the service runs. */
  facts(signal: AbortSignal): Promise<EngineFacts>;
};

/** The engines of this machine by their sockets. */
export type Engines = {
  /** The engine of that socket, or else of the first that is there. Throws EngineUnavailable. */
  at(socket: string | undefined): Promise<Engine>;
};

/** The engine answered that it does not do it. Callers decide what that means. */
export class EngineRefused extends Error {
  override readonly name = "EngineRefused";
  readonly status: number;
  constructor(status: number, message: string, cause?: unknown) {
    super(message, { cause });
    this.status = status;
  }
}

/** What a socket can be looked up by; from the settings and the environment of the service. */
export type EnginePlaces = {
  readonly socket?: string | undefined;
  readonly dockerHost?: string | undefined;
  readonly runtimeFolder?: string | undefined;
};

const ANSWER_MS = 60_000;
const FACTS_MS = 60_000;

/** Opens nothing until asked. */
export function createEngines(places: EnginePlaces): Engines {
  const known = new Map<string, Engine>();
  return {
    async at(socket) {
      const path = socket === undefined ? await findSocket(places) : pathOf(socket);
      const engine = known.get(path) ?? createEngine(path);
      known.set(path, engine);
      return engine;
    },
  };
}

async function findSocket({ socket, dockerHost, runtimeFolder }: EnginePlaces): Promise<string> {
  const given = socket ?? dockerHost;
  if (given !== undefined && given !== "") return pathOf(given);
  const usual = [
    "/var/run/docker.sock",
    ...(runtimeFolder === undefined
      ? []
      : [join(runtimeFolder, "docker.sock"), join(runtimeFolder, "podman/podman.sock")]),
    "/run/podman/podman.sock",
  ];
  for (const path of usual) if (await isUsable(path)) return path;
  throw new MalachiteError(
    "EngineUnavailable",
    `No engine for containers was found on this machine: no socket at ${usual.join(", ")} that the service may use. Install and start Docker or Podman (systemctl enable --now podman.socket), or name its socket with --container-socket or DOCKER_HOST.`,
  );
}

const isUsable = (path: string): Promise<boolean> =>
  access(path, constants.R_OK | constants.W_OK).then(
    () => true,
    // Not there, or another user's: the next place is tried.
    () => false,
  );

/** Folders of this machine are mounted into containers, so the engine must be here: only its socket will do. */
function pathOf(given: string): string {
  const path = given.replace(/^unix:\/\//, "");
  if (path.startsWith("/")) return path;
  throw new MalachiteError(
    "EngineUnavailable",
    `'${given}' is not the socket of an engine on this machine. Give unix:///PATH: an engine elsewhere cannot see the folders of the runs.`,
  );
}

/**
 * The library makes a text of each request for its debugger, which mostly nobody listens to: the agent would be in it with all connections
 * that are open, and ten runs at once take seconds of the event loop.
 */
class BriefAgent extends Agent {
  [inspect.custom](): string {
    return "Agent";
  }
}

function createEngine(socket: string): Engine {
  let api: Promise<Docker> | undefined;
  let facts: { readonly asked: Promise<EngineFacts>; readonly at: number } | undefined;
  const open = (): Promise<Docker> => {
    // Loaded when first needed: it brings much that a service without containers has no use for.
    api ??= import("dockerode").then(({ default: Opened }) => {
      const options = {
        socketPath: socket,
        // Given too: it would else take those of DOCKER_HOST.
        host: undefined,
        port: undefined,
        // A connection each: one that is kept breaks when the engine is started anew, and nobody knows what it had heard.
        agent: new BriefAgent({ keepAlive: false }),
      };
      return new Opened(options);
    });
    return api;
  };

  const engine: Engine = {
    socket,
    async ask(what, work, signal, withinMs = ANSWER_MS) {
      const limit = new AbortController();
      const timer = setTimeout(() => limit.abort(), withinMs).unref();
      const either = AbortSignal.any([signal, limit.signal]);
      try {
        either.throwIfAborted();
        const asked = work(await open(), either);
        return await Promise.race([asked, aborted(either)]);
      } catch (error) {
        signal.throwIfAborted();
        if (limit.signal.aborted)
          throw unavailable(
            socket,
            `it was asked to ${what} and did not answer within ${withinMs / 1000} s.`,
          );
        throw translated(error, socket, what);
      } finally {
        clearTimeout(timer);
      }
    },
    facts(signal) {
      const now = performance.now();
      if (facts !== undefined && now - facts.at < FACTS_MS) return facts.asked;
      const asked = askFacts(engine, signal);
      facts = { asked, at: now };
      asked.catch(() => (facts = undefined));
      return asked;
    },
  };
  return engine;
}

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });

async function askFacts(engine: Engine, signal: AbortSignal): Promise<EngineFacts> {
  const [info, version] = await engine.ask(
    "say what it is",
    (api) => Promise.all([api.info(), api.version()]),
    signal,
  );
  return readFacts(info, version);
}

const unavailable = (socket: string, why: string, cause?: unknown): MalachiteError =>
  new MalachiteError("EngineUnavailable", `The container engine at ${socket} cannot be used: ${why}`, {
    cause,
  });

/** An answer of the engine has a status; all else is that it could not be asked. */
function translated(error: unknown, socket: string, what: string): unknown {
  if (error instanceof MalachiteError || error instanceof EngineRefused || !(error instanceof Error))
    return error;
  const { statusCode, json, code } = error as Error & {
    statusCode?: number;
    json?: { message?: unknown; cause?: unknown };
    code?: string;
  };
  if (statusCode !== undefined) {
    // Of a stream that was refused, the engine's words are in the message alone, behind the library's.
    const inMessage = error.message.replace(/^\(HTTP code \d+\) [^-]* - /, "");
    const said = typeof json?.message === "string" ? json.message : inMessage;
    return new EngineRefused(statusCode, said.trim(), error);
  }
  if (code === undefined && !/socket hang up/.test(error.message)) return error;
  const why =
    code === "EACCES"
      ? "the service may not use it. Add its user to the group of the socket (usually docker)."
      : code === "ENOENT" || code === "ECONNREFUSED"
        ? "no engine listens there. Start Docker or Podman."
        : `it was asked to ${what}, and the connection broke: ${error.message}`;
  return unavailable(socket, why, error);
}
