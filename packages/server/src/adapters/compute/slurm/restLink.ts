// One question to slurmrestd: HTTP over TCP or a socket, with the token of the user, a deadline, and the answer as a stream.
import { readFile } from "node:fs/promises";
import {
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from "node:http";
import { request as httpsRequest } from "node:https";
import { MalachiteError } from "@malachite/core";
import { errorsIn, isRecord, type RestError } from "./restWords.ts";
import type { RestAddress } from "./slurmTarget.ts";

export type RestLinkOptions = {
  /** A token for targets that name no file of one: the service's own SLURM_JWT. */
  readonly token: string | undefined;
  /** Whose jobs they are, where the target does not say it. */
  readonly user: string;
  readonly deadlineMs: number;
};

export type RestAnswer = {
  readonly status: number;
  /** Throws EngineUnavailable when the answer is cut or takes too long. */
  body(): AsyncIterable<Uint8Array>;
};

export type RestLink = {
  readonly userOf: (address: RestAddress) => string;
  /** That the token has expired, as far as it says so itself; undefined when it does not, or cannot be read. */
  expired(address: RestAddress): Promise<string | undefined>;
  /** Throws EngineUnavailable for what is no answer of slurmrestd, a refused token among it. Read the body. */
  ask(address: RestAddress, method: string, path: string, body?: object): Promise<RestAnswer>;
  /** The same, with the whole answer as JSON, which is small. */
  json(
    address: RestAddress,
    method: string,
    path: string,
    body?: object,
  ): Promise<{
    readonly status: number;
    readonly value: Record<string, unknown>;
    readonly errors: readonly RestError[];
  }>;
};

const MOST_BYTES = 32 * 2 ** 20;
/** The last is what Slurm 24.11 says of a token that its controller refuses. */
const DENIED = [401, 403, 511];
/** So much of what is no JSON is told. */
const MOST_SAID = 200;

/** It does not know what it was asked for. */
export const isNoWay = (status: number): boolean => status === 404 || status === 405;

export const unavailable = (message: string, cause?: unknown): MalachiteError =>
  new MalachiteError("EngineUnavailable", message, { cause });

export function createRestLink({ token, user, deadlineMs }: RestLinkOptions): RestLink {
  const userOf = (address: RestAddress): string => address.user ?? user;

  /** Read each time: whoever renews it writes the file anew. */
  async function tokenOf({ tokenFile }: RestAddress): Promise<string | undefined> {
    if (tokenFile === undefined) return token;
    const text = await readFile(tokenFile, "utf8").catch((cause: NodeJS.ErrnoException) => {
      throw unavailable(`The token for slurmrestd cannot be read from ${tokenFile}: ${cause.code}.`, cause);
    });
    // `scontrol token` prints it with a name before.
    const found = text.trim().replace(/^SLURM_JWT=/, "");
    if (/^[\w.+/=-]+$/.test(found)) return found;
    throw unavailable(`The file ${tokenFile} holds no token for slurmrestd.`);
  }

  async function ask(address: RestAddress, method: string, path: string, body?: object): Promise<RestAnswer> {
    const secret = await tokenOf(address);
    const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const headers = {
      accept: "application/json",
      "x-slurm-user-name": userOf(address),
      ...(secret === undefined ? {} : { "x-slurm-user-token": secret }),
      ...(payload === undefined
        ? {}
        : { "content-type": "application/json", "content-length": payload.length }),
    };
    const limit = AbortSignal.timeout(deadlineMs);
    const away = (error: unknown): MalachiteError => {
      const why = limit.aborted ? `it did not answer within ${deadlineMs / 1000} s` : reasonOf(error);
      return unavailable(`slurmrestd at ${address.url} cannot be asked: ${why}.`, error);
    };
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const asked = open(address, { method, path, headers, signal: limit, agent: false });
      asked.on("response", resolve).on("error", (error) => reject(away(error)));
      asked.end(payload);
    });
    const status = answer.statusCode ?? 0;
    if (DENIED.includes(status)) {
      answer.resume().on("error", () => {});
      throw unavailable(deniedText(address, userOf(address), secret));
    }
    return {
      status,
      async *body() {
        try {
          yield* answer as AsyncIterable<Uint8Array>;
        } catch (error) {
          throw away(error);
        }
      },
    };
  }

  return {
    userOf,
    async expired(address) {
      const secret = await tokenOf(address).catch(() => undefined);
      return secret === undefined ? undefined : expiredText(address, secret);
    },
    ask,
    async json(address, method, path, body) {
      const answer = await ask(address, method, path, body);
      const parts: Uint8Array[] = [];
      let length = 0;
      for await (const part of answer.body()) {
        length += part.length;
        if (length > MOST_BYTES) throw unavailable(`slurmrestd at ${address.url} says too much.`);
        parts.push(part);
      }
      const text = Buffer.concat(parts).toString("utf8");
      // Of a way that it does not know it says so in words.
      const value = parsed(text) ?? (isNoWay(answer.status) ? {} : undefined);
      if (value === undefined)
        throw unavailable(
          `slurmrestd at ${address.url} answered with status ${answer.status}: ${text.slice(0, MOST_SAID)}`,
        );
      return { status: answer.status, value, errors: errorsIn(value.errors) };
    },
  };
}

type Options = RequestOptions;

/** `http://host:6820`, `https://…`, or `unix:/run/slurmrestd.socket`. */
function open({ url }: RestAddress, options: Options): ClientRequest {
  if (url.startsWith("unix:")) return httpRequest({ ...options, socketPath: url.slice("unix:".length) });
  const { protocol, hostname, port, pathname } = new URL(url);
  const at = {
    ...options,
    host: hostname.replace(/^\[|\]$/g, ""),
    port,
    path: `${pathname.replace(/\/$/, "")}${options.path}`,
  };
  return protocol === "https:" ? httpsRequest(at) : httpRequest(at);
}

/** What is wrong with a token that is refused, as far as it says so itself. It is never told. */
function deniedText(address: RestAddress, user: string, token: string | undefined): string {
  const refused = `slurmrestd at ${address.url} does not let the user '${user}' in`;
  if (token === undefined)
    return `${refused}: there is no token. Give the target restTokenFile, or the service the variable SLURM_JWT.`;
  const expired = expiredText(address, token);
  if (expired !== undefined) return `${refused}: ${expired}`;
  return `${refused} with the token in ${placeOf(address)}. Renew it, or name the user it is for as restUser.`;
}

function expiredText(address: RestAddress, token: string): string | undefined {
  const until = expiryOf(token);
  if (until === undefined || until >= Date.now()) return undefined;
  return `the token in ${placeOf(address)} has expired at ${new Date(until).toISOString()}. Renew it; it is read again each time.`;
}

const placeOf = ({ tokenFile }: RestAddress): string =>
  tokenFile === undefined ? "the variable SLURM_JWT of the service" : `the file ${tokenFile}`;

function expiryOf(token: string): number | undefined {
  const claims = parsed(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
  return typeof claims?.exp === "number" ? claims.exp * 1000 : undefined;
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    // An error page, or words.
    return undefined;
  }
}

const reasonOf = (error: unknown): string =>
  error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message) : String(error);
