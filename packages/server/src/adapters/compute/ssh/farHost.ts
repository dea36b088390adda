// One machine, however often its connection breaks: connects when it is asked, again with patience, and follows the runs it is told of.
import { setTimeout as pause } from "node:timers/promises";
import { isMalachiteError, type MalachiteError } from "@malachite/core";
import { withSignal } from "../shared/withSignal.ts";
import { type AskOptions, type FarAnswer, type FarLink, FarRefused, openFarLink } from "./farLink.ts";
import { openSsh, type SshLogin, unavailable } from "./openSsh.ts";
import { hostName, type SshHost, type SshOptions } from "./sshTarget.ts";

/** What a machine says of itself. */
export type FarFacts = {
  readonly python: string;
  /** Absolute path of that python. */
  readonly executable: string;
  readonly boot: string;
  /** The folder of this service's runs there, absolute. */
  readonly folder: string;
  /** Limits that cannot be kept there, each with the reason. */
  readonly unlimited: Readonly<Partial<Record<"memory" | "cpu", string>>>;
  /** The numbers of its GPUs as nvidia-smi there tells them; null where it is not there. */
  readonly gpus: readonly number[] | null;
  /** Runs that are at work there, of all services. */
  readonly busy: number;
};

export type FarHostOptions = {
  readonly host: SshHost;
  readonly options: Pick<SshOptions, "key" | "agent" | "knownHosts" | "folder" | "python">;
  /** Names the service among others that use the machine. */
  readonly service: string;
  readonly login: SshLogin;
  readonly program: () => Promise<Buffer>;
  /** A run that is followed may have news; the files that changed. */
  readonly onNews: (key: string, files: readonly string[]) => void;
};

export type FarHost = AsyncDisposable & {
  readonly name: string;
  /** What it said of itself when it was last connected to. `anew`: not what is left of an earlier failure. */
  facts(signal: AbortSignal, anew?: boolean): Promise<FarFacts>;
  /** Throws EngineUnavailable where it cannot be asked, FarRefused where it says no. */
  ask(op: string, ask: object, signal?: AbortSignal, options?: AskOptions): Promise<FarAnswer>;
  /** Whether it could be asked at once. */
  readonly isUp: boolean;
  /** Keeps the connection, and hears of the run's logs and of those files besides. */
  follow(key: string, files?: readonly string[]): void;
  forget(key: string): void;
  /** Sees to it that the port of its loopback leads to us, again after each break. Answers the port; 0 asks for any. */
  tunnel(port: number, accept: Parameters<FarLink["listen"]>[1]): Promise<number>;
};

const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 30_000;
/** A connection that nobody needs is given up after so long. */
const IDLE_MS = 60_000;
const ANSWER_MS = 60_000;
/** sshd keeps a port of a connection that has died for a while. */
const PORT_TRIES_MS = 90_000;

type Up = { readonly link: FarLink; readonly facts: FarFacts };

/** Connects when it is first asked. */
export function createFarHost({ host, options, service, login, program, onNews }: FarHostOptions): FarHost {
  const name = hostName(host);
  const followed = new Map<string, readonly string[]>();
  const ports = new Map<number, Parameters<FarLink["listen"]>[1]>();
  let asking = 0;
  let current: Promise<Up> | undefined;
  let up: Up | undefined;
  let failure: MalachiteError | undefined;
  let waitMs = 0;
  let triedAt = Number.NEGATIVE_INFINITY;
  let again: NodeJS.Timeout | undefined;
  let idle: NodeJS.Timeout | undefined;
  let closed = false;
  const ending = new AbortController();

  async function open(): Promise<Up> {
    const client = await openSsh(host, options, login, ending.signal);
    const link = await openFarLink(name, client, options.python, await program(), ({ key, files }) =>
      onNews(key as string, files as readonly string[]),
    );
    try {
      const { header } = await link.ask("hello", { folder: options.folder, service }, undefined, {
        deadlineMs: ANSWER_MS,
      });
      return { link, facts: header as unknown as FarFacts };
    } catch (error) {
      link.close("it was of no use.");
      if (!(error instanceof FarRefused)) throw error;
      throw unavailable(
        `${name}: the folder ${options.folder} there cannot be used: ${error.message}`,
        error,
      );
    }
  }

  function connect(): Promise<Up> {
    if (current !== undefined) return current;
    if (closed) return Promise.reject(unavailable(`${name}: the service is ending.`));
    clearTimeout(again);
    triedAt = performance.now();
    const opening = open();
    current = opening;
    opening.then(
      (made) => {
        if (closed) return made.link.close("the service is ending.");
        up = made;
        failure = undefined;
        waitMs = 0;
        for (const [key, files] of followed) tellFollowed(key, files);
        for (const [port, accept] of ports) void keepPort(made.link, port, accept);
        void made.link.ended.then((why) => lost(unavailable(why)));
        rest();
      },
      (error: unknown) =>
        lost(isMalachiteError(error) ? error : unavailable(`${name}: ${String(error)}`, error)),
    );
    return opening;
  }

  function lost(error: MalachiteError): void {
    up = undefined;
    current = undefined;
    failure = error;
    waitMs = Math.min(Math.max(FIRST_WAIT_MS, waitMs * 2), LONGEST_WAIT_MS);
    clearTimeout(idle);
    if (closed || followed.size === 0) return;
    // Not all at the same instant, where a whole site comes back.
    again = setTimeout(() => connect().catch(() => {}), waitMs * (0.75 + Math.random() / 2)).unref();
  }

  /** Now, or what is known of why not: nobody waits for a machine that does not answer. */
  function reach(anew: boolean): Promise<Up> {
    if (current === undefined && failure !== undefined && !anew && performance.now() - triedAt < waitMs)
      return Promise.reject(failure);
    return connect();
  }

  function tellFollowed(key: string, files: readonly string[]): void {
    // A hint alone; when the connection breaks before, it is told again.
    up?.link.ask("follow", { key, files }, undefined, { deadlineMs: ANSWER_MS }).catch(() => {});
  }

  function rest(): void {
    clearTimeout(idle);
    if (followed.size > 0 || asking > 0 || up === undefined) return;
    idle = setTimeout(() => {
      if (followed.size === 0 && asking === 0) up?.link.close("nobody needed the connection.");
    }, IDLE_MS).unref();
  }

  async function keepPort(
    link: FarLink,
    port: number,
    accept: Parameters<FarLink["listen"]>[1],
  ): Promise<void> {
    const until = performance.now() + PORT_TRIES_MS;
    while (!closed && up?.link === link && performance.now() < until) {
      try {
        await link.listen(port, accept);
        return;
      } catch {
        // Still of the connection before; or of somebody else by now, then its runs do without.
        await pause(1000, undefined, { ref: false });
      }
    }
  }

  return {
    name,
    get isUp() {
      return up !== undefined;
    },
    async facts(signal, anew = false) {
      const { facts } = await withSignal(reach(anew), signal);
      rest();
      return facts;
    },
    async ask(op, ask, signal, options = { deadlineMs: ANSWER_MS }) {
      const { link } = await withSignal(reach(false), signal);
      asking += 1;
      try {
        return await link.ask(op, ask, signal, options);
      } finally {
        asking -= 1;
        rest();
      }
    },
    follow(key, files = []) {
      const before = followed.get(key);
      if (before !== undefined && files.every((file) => before.includes(file))) return;
      const all = [...new Set([...(before ?? []), ...files])];
      followed.set(key, all);
      clearTimeout(idle);
      if (up !== undefined) tellFollowed(key, all);
      else if (current === undefined) reach(false).catch(() => {});
    },
    forget(key) {
      if (!followed.delete(key)) return;
      up?.link.ask("forget", { key }, undefined, { deadlineMs: ANSWER_MS }).catch(() => {});
      rest();
    },
    async tunnel(port, accept) {
      const known = [...ports.keys()][0];
      if (port === 0 && known !== undefined) return known;
      if (ports.has(port)) return port;
      if (port !== 0) {
        ports.set(port, accept);
        if (up !== undefined) void keepPort(up.link, port, accept);
        return port;
      }
      const { link } = await reach(false);
      const given = await link.listen(0, accept);
      ports.set(given, accept);
      return given;
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      clearTimeout(again);
      clearTimeout(idle);
      up?.link.close("the service is ending.");
      // A machine that says nothing holds up no end.
      ending.abort();
      await current?.catch(() => {});
    },
  };
}
