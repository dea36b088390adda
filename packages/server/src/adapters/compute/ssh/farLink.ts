// One connection to a machine with the helping program at its other end: questions and answers, news, ports. It ends once.
import type { Socket } from "node:net";
import type { Client, ClientChannel } from "ssh2";
import { farCommand, GREETING } from "./farProgram.ts";
import { createFrameReader, type Frame, frameOf } from "./frames.ts";
import { unavailable } from "./openSsh.ts";

export type FarAnswer = { readonly header: Record<string, unknown>; readonly payload: Buffer };

/** The far side refused it; `code` is its word for why. */
export class FarRefused extends Error {
  override readonly name = "FarRefused";
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export type AskOptions = {
  readonly payload?: Uint8Array;
  /** A far side that does not answer for so long is taken for lost; absent: as long as the connection lasts. */
  readonly deadlineMs?: number;
};

export type FarLink = {
  /** Throws EngineUnavailable when the connection ends before the answer, FarRefused, or the signal's reason. */
  ask(op: string, ask: object, signal: AbortSignal | undefined, options?: AskOptions): Promise<FarAnswer>;
  /** Lets programs there reach us by that port of their loopback; 0: any. Answers the port. */
  listen(port: number, accept: (open: () => Socket) => void): Promise<number>;
  /** Settles when it has ended, with the reason. */
  readonly ended: Promise<string>;
  close(why: string): void;
};

type Waiting = { resolve(answer: FarAnswer): void; reject(error: Error): void };
type Listener = Parameters<FarLink["listen"]>[1];

const GREETED_WITHIN_MS = 20_000;
const MOST_CHATTER_BYTES = 256 * 1024;
const MOST_WORDS_BYTES = 4096;

/** Starts the program. Throws EngineUnavailable where it does not run. */
export async function openFarLink(
  name: string,
  client: Client,
  python: string,
  program: Buffer,
  onNews: (news: Record<string, unknown>) => void,
): Promise<FarLink> {
  const channel = await new Promise<ClientChannel>((resolve, reject) => {
    client.exec(farCommand(python), (error, opened) => {
      if (error === undefined || error === null) resolve(opened);
      else reject(unavailable(`${name}: no command can be run there: ${error.message}`, error));
    });
  });
  const waiting = new Map<number, Waiting>();
  const listeners = new Map<number, Listener>();
  const ended = Promise.withResolvers<string>();
  const greeted = Promise.withResolvers<void>();
  greeted.promise.catch(() => {});
  let lastId = 0;
  let over: string | undefined;
  let words = "";

  function close(why: string): void {
    if (over !== undefined) return;
    over = why;
    const said = words.trim().split("\n").slice(-3).join(" ").slice(0, 500);
    const error = unavailable(`${name}: ${why}${said === "" ? "" : ` It said: ${said}`}`);
    greeted.reject(error);
    for (const one of waiting.values()) one.reject(error);
    waiting.clear();
    client.destroy();
    ended.resolve(error.message);
  }

  client.once("close", () => close("the connection has ended."));
  channel.stderr.on("data", (chunk: Buffer) => {
    words = (words + chunk.toString("utf8")).slice(-MOST_WORDS_BYTES);
  });
  channel.once("exit", (code: number | null) => {
    // What it has said comes with it, or right after.
    setTimeout(
      () =>
        close(
          code === 127
            ? `there is no ${python}. Give the target the path of a Python 3.6 or newer as python.`
            : `${python} ended (${code}).`,
        ),
      100,
    );
  });
  channel.once("close", () => setTimeout(() => close(`${python} has ended.`), 200));
  channel.on("error", (error: Error) => close(`${error.message}.`));

  let chatter: Buffer | undefined = Buffer.alloc(0);
  const read = createFrameReader();
  channel.on("data", (chunk: Buffer) => {
    try {
      if (chatter === undefined) return read(chunk).forEach(take);
      chatter = Buffer.concat([chatter, chunk]);
      const at = chatter.indexOf(GREETING);
      if (at < 0) {
        if (chatter.length > MOST_CHATTER_BYTES) close("its login prints without end.");
        return;
      }
      const rest = chatter.subarray(at + GREETING.length);
      chatter = undefined;
      greeted.resolve();
      if (rest.length > 0) read(rest).forEach(take);
    } catch (error) {
      close(`its answer cannot be read: ${(error as Error).message}.`);
    }
  });

  function take({ header, payload }: Frame): void {
    if (typeof header.event === "string") {
      onNews(header);
      return;
    }
    const id = Number(header.id);
    const asker = waiting.get(id);
    waiting.delete(id);
    if (typeof header.error === "string") asker?.reject(new FarRefused(String(header.code), header.error));
    else asker?.resolve({ header, payload });
  }

  client.on("tcp connection", (details, accept, reject) => {
    const listener = listeners.get(details.destPort);
    if (listener === undefined) reject();
    else listener(() => accept() as unknown as Socket);
  });

  channel.write(program);
  const timer = setTimeout(
    () => close(`${python} did not begin within ${GREETED_WITHIN_MS / 1000} s.`),
    GREETED_WITHIN_MS,
  );
  await greeted.promise.finally(() => clearTimeout(timer));

  return {
    ask(op, ask, signal, { payload, deadlineMs } = {}) {
      return new Promise<FarAnswer>((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        if (over !== undefined) return reject(unavailable(`${name}: ${over}`));
        const id = ++lastId;
        const late =
          deadlineMs === undefined
            ? undefined
            : setTimeout(() => close(`it did not answer '${op}' within ${deadlineMs / 1000} s.`), deadlineMs);
        const calledOff = () => {
          waiting.delete(id);
          clearTimeout(late);
          reject(signal?.reason);
        };
        const done = () => {
          clearTimeout(late);
          signal?.removeEventListener("abort", calledOff);
        };
        signal?.addEventListener("abort", calledOff, { once: true });
        waiting.set(id, {
          resolve(answer) {
            done();
            resolve(answer);
          },
          reject(error) {
            done();
            reject(error);
          },
        });
        channel.write(frameOf({ ...ask, op, id }, payload));
      });
    },
    listen(port, accept) {
      return new Promise<number>((resolve, reject) => {
        client.forwardIn("127.0.0.1", port, (error, bound) => {
          if (error !== undefined && error !== null) return reject(error);
          const given = port === 0 ? bound : port;
          listeners.set(given, accept);
          resolve(given);
        });
      });
    },
    ended: ended.promise,
    close,
  };
}
