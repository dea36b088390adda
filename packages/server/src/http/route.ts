// One operation of the contract becomes a route: params, query and body are read as the contract says, the answer is typed by it.
// Not here: what an operation does (routes/), and how errors look (plugins/errors.ts).
import {
  type AnswerOf,
  type BodyOf,
  type Fault,
  type Operation,
  type ParamsOf,
  type QueryOf,
  readWire,
} from "@malachite/contract";
import { MalachiteError, type Principal, type RunAddress, type Scope } from "@malachite/core";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { refuseStrangers } from "./auth/fromRuns.ts";
import { mayReach } from "./auth/reach.ts";
import { baseUrl, secureBase } from "./baseUrl.ts";
import type { Edge } from "./edge.ts";
import { bodyStream } from "./plugins/bodyStream.ts";
import { checkedBody } from "./plugins/contentMd5.ts";
import { type JsonBody, readJson } from "./plugins/jsonBody.ts";

/** A request as a route sees it. */
export type Ask<O extends Operation> = {
  readonly params: ParamsOf<O>;
  readonly query: QueryOf<O>;
  /** The workspace of the path. */
  readonly scope: Scope;
  /** Who asks. Operations without authentication have nobody. */
  readonly by: Principal;
  /** The base URL for links in the answer. */
  readonly base: string;
  /** The same over TLS, for those links that clients follow over TLS alone. */
  readonly secureBase: string;
  /** The rest of a path that takes the rest, as it was sent: not decoded. */
  readonly sentRest: string;
  /** The JSON body, read as the contract says. */
  body(): Promise<BodyOf<O>>;
  /** The JSON body as it was sent. */
  sent(): Promise<JsonBody>;
  /** The raw body. Throws InvalidRequest, ContentMismatch for a Content-MD5 that is none, or is not its own. */
  bytes(): AsyncIterable<Uint8Array>;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
};

/** A route of an operation. An answer of undefined means that the handler has sent (or is sending) it. */
export type Route = {
  readonly operation: Operation;
  readonly handle: (ask: never, edge: Edge) => Promise<unknown>;
};

/** Ties a handler to its operation. */
export const route = <O extends Operation>(
  operation: O,
  handle: (ask: Ask<O>, edge: Edge) => Promise<AnswerOf<O> | undefined>,
): Route => ({ operation, handle: handle as Route["handle"] });

/** The run that a path names, in whichever of the three ways. */
export const addressOf = ({
  scope,
  params,
}: {
  readonly scope: Scope;
  readonly params: {
    readonly runId: string;
    readonly experimentName?: string;
    readonly experimentId?: string;
  };
}): RunAddress => ({
  scope,
  runId: params.runId,
  ...(params.experimentName === undefined ? {} : { experimentName: params.experimentName }),
  ...(params.experimentId === undefined ? {} : { experimentId: params.experimentId }),
});

/** The experiment that a path names, by name, by id, or not at all. */
export const experimentOf = ({
  scope,
  params,
}: {
  readonly scope: Scope;
  readonly params: { readonly experimentName?: string; readonly experimentId?: string };
}): Omit<RunAddress, "runId"> => {
  const { experimentName, experimentId } = params;
  return {
    scope,
    ...(experimentName === undefined ? {} : { experimentName }),
    ...(experimentId === undefined ? {} : { experimentId }),
  };
};

/** `{name}` becomes `:name`, `{name*}` the rest of the path; a colon of the path itself is doubled, as the router asks. */
export const routerPath = (path: string): string =>
  path
    .replace(/:/g, "::")
    .replace(/\{\w+\*\}$/, "*")
    .replace(/\{(\w+)\}/g, ":$1");

/** Registers a route under all its addresses. */
export function addRoute(app: FastifyInstance, { operation, handle }: Route, edge: Edge): void {
  for (const path of [operation.path, ...(operation.alsoAt ?? [])]) {
    app.route({
      method: operation.method === "GET" ? ["GET", "HEAD"] : operation.method,
      url: routerPath(path),
      config: { operation, template: path },
      handler: async (request, reply) => {
        if (operation.authenticated !== false) refuseUnlessReady(edge);
        const ask = await readAsk(operation, path, request, reply, edge);
        const answer = await (handle as (ask: Ask<Operation>, edge: Edge) => Promise<unknown>)(ask, edge);
        switch (operation.answer.kind) {
          case "json":
            if (answer === undefined) return reply;
            return reply.type("application/json; charset=utf-8").send(JSON.stringify(answer));
          case "empty":
            return reply.send();
          default:
            // The handler is sending a stream of its own.
            return reply;
        }
      },
    });
  }
}

/** Until every unfinished run is in hand, and once the service is stopping, there is nothing true to answer. */
export function refuseUnlessReady({ ready, closing }: Edge): void {
  if (ready() && !closing.aborted) return;
  throw new MalachiteError("Stopping", "The service is not ready to take work. Ask again when it is up.");
}

async function readAsk(
  operation: Operation,
  address: string,
  request: FastifyRequest,
  reply: FastifyReply,
  edge: Edge,
): Promise<Ask<Operation>> {
  const by =
    operation.authenticated === false ? NOBODY : await edge.auth.verify(request.headers.authorization);
  if (edge.isOfRuns?.(request.raw.socket)) refuseStrangers(operation, by);
  if (operation.authenticated !== false) request.caller = by;
  const sentRest = restOf(address, request.originalUrl);
  const given = namedParams(address, request.params as Record<string, string>, sentRest);
  const params = readWire(operation.params, given, "text");
  const query = readWire(operation.query ?? NO_QUERY, knownOf(request.query as object, operation), "text");
  refuse([...params.faults, ...query.faults]);
  const named = params.value as Record<string, string>;
  const scope = {
    subscriptionId: named.subscriptionId ?? "",
    resourceGroup: named.resourceGroupName ?? "",
    workspace: named.workspaceName ?? "",
  };
  await mayReach(by, operation, scope, named, edge.flow);
  if (operation.operatorsOnly === true) edge.auth.assertOperator(by);

  const { jsonLimitBytes } = edge.settings;
  const base = baseUrl(request, edge.settings);
  const bytes = () => checkedBody(bodyStream(request.raw), request.headers["content-md5"]);
  let json: Promise<JsonBody> | undefined;
  const sent = () => {
    const nonFinite = operation.body?.kind === "json" && operation.body.nonFinite === true;
    json ??= readJson(bytes(), request.headers["content-type"], jsonLimitBytes, { nonFinite });
    return json;
  };
  return {
    params: params.value as never,
    query: query.value as never,
    scope,
    by,
    base,
    secureBase: secureBase(base),
    bytes,
    sent,
    sentRest,
    body: async () => readBody(operation, await sent()) as never,
    request,
    reply,
  };
}

/**
 * The router knows the rest of a path as `*`, without the slashes at its end and without double ones; the operation has a name for
 * it, and means it as it was sent.
 */
function namedParams(address: string, given: Readonly<Record<string, string>>, sentRest: string) {
  const { "*": rest, ...params } = given;
  const name = REST.exec(address)?.[1];
  return name === undefined || rest === undefined
    ? params
    : { ...params, [name]: decodeURIComponent(sentRest) };
}

const REST = /\{(\w+)\*\}$/;

const restOf = (address: string, url: string): string =>
  REST.test(address) ? behind(url.split("?", 1)[0] ?? "", address.split("/").length - 2) : "";

/** What follows so many parts of a path and one slash. */
function behind(path: string, parts: number): string {
  let at = 0;
  for (let part = 0; part < parts; part += 1) {
    while (path[at] === "/") at += 1;
    at = path.indexOf("/", at);
  }
  return path.slice(at + 1);
}

const NO_QUERY = { type: "object", properties: {} } as const;
const NOBODY: Principal = { name: "", objectId: "", tenantId: "" };

/** Unknown query parameters (`api-version`) are none of ours; only those of the operation are read. */
function knownOf(query: object, operation: Operation): Record<string, unknown> {
  const known = new Set(Object.keys(operation.query?.properties ?? {}).map((name) => name.toLowerCase()));
  const entries = Object.entries(query).filter(([name]) => known.has(name.toLowerCase()));
  return Object.fromEntries(entries);
}

function readBody(operation: Operation, sent: JsonBody): unknown {
  const { body } = operation;
  if (body?.kind !== "json") return undefined;
  if (!sent.given) {
    if (!body.required) return {};
    throw new MalachiteError("InvalidRequest", "The request needs a JSON body and has none.", {
      target: "body",
    });
  }
  if (sent.value === null && !body.required) return {};
  const { value, faults } = readWire(body.schema, sent.value);
  refuse(faults);
  return value;
}

/** One error that names every fault. A run id that cannot be one has a code of its own. */
function refuse(faults: readonly Fault[]): void {
  const [first] = faults;
  if (first === undefined) return;
  const code = faults.every((fault) => fault.target === "runId") ? "InvalidRunId" : "InvalidRequest";
  const message =
    faults.length === 1
      ? `${first.target || "The body"}: ${first.message}`
      : `${faults.length} values of the request are wrong. ${first.target}: ${first.message}`;
  throw new MalachiteError(code, message, {
    target: first.target || "body",
    details: faults.map((fault) => ({ message: fault.message, target: fault.target || "body" })),
  });
}
