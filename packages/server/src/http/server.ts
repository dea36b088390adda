// The HTTP server: fastify with the contract's routes, and the rules that hold for every request. Opens no port by itself.
import multipart from "@fastify/multipart";
import { MalachiteError } from "@malachite/core";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { withoutAccount } from "./blobs/blobRequest.ts";
import { addBlobSurface } from "./blobs/surface.ts";
import type { Edge, HttpParts } from "./edge.ts";
import { createMetricPosts } from "./metricPosts.ts";
import { notOffered } from "./notOffered.ts";
import { createOnePort, type Limits, type OnePort } from "./onePort.ts";
import { addAudit } from "./plugins/audit.ts";
import { createStallWatch } from "./plugins/bodyStream.ts";
import { answerBrokenRequest, lingerNoMore } from "./plugins/connections.ts";
import { correlate } from "./plugins/correlation.ts";
import { sendError } from "./plugins/errors.ts";
import { createMethodTable, refusedMethods } from "./plugins/methods.ts";
import { createOriginCheck } from "./plugins/origin.ts";
import { MOST_PARTS } from "./plugins/startForm.ts";
import { createTurns } from "./plugins/turns.ts";
import { watchRequests } from "./plugins/watchRequests.ts";
import { addRoute, routerPath } from "./route.ts";
import { ROUTES } from "./routes/index.ts";
import { createSdkStatus } from "./sdkStatus.ts";
import { addWebPages } from "./webPages.ts";

/** Azure AD tokens run to several kilobytes, and a path may hold long names. */
const MAX_HEADER_BYTES = 64 * 1024;
/** Headers must be whole by then; bodies have no limit on the whole (see bodyStream.ts). */
const HEADERS_WITHIN_MS = 20_000;
const KEEP_ALIVE_MS = 72_000;

/**
 * Makes the server. Listen on it with `listen`, or send requests with `inject`; `close` ends event streams and waits for
 * requests that are being answered.
 */
export function createHttpServer(parts: HttpParts): FastifyInstance {
  const closing = new AbortController();
  const { settings } = parts;
  const edge: Edge = {
    ...parts,
    closing: closing.signal,
    turns: createTurns(),
    metricPosts: createMetricPosts(),
    sdkStatus: createSdkStatus(parts.clock),
    settings: {
      ...settings,
      jsonLimitBytes: settings.jsonLimitBytes ?? 64 * 1024 * 1024,
      definitionLimitBytes: settings.definitionLimitBytes ?? 16 * 1024 * 1024,
      heartbeatMs: settings.heartbeatMs ?? 15_000,
      stalledAfterMs: settings.stalledAfterMs ?? 60_000,
    },
  };
  const now = () => parts.clock.now();
  const limits: Limits = {
    withinMs: settings.silentAfterMs ?? HEADERS_WITHIN_MS,
    keepAliveMs: KEEP_ALIVE_MS,
    passesOn: settings.passesOn ?? false,
    isOfRuns: parts.isOfRuns,
    http: {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: settings.silentAfterMs ?? HEADERS_WITHIN_MS,
      connectionsCheckingInterval: 5000,
    },
  };
  const port = parts.certificates && createOnePort(parts.certificates, limits);
  const app = Fastify({
    ...(port === undefined ? {} : { serverFactory: port.serverFactory }),
    logger: false,
    keepAliveTimeout: limits.keepAliveMs,
    requestTimeout: 0,
    http: limits.http,
    forceCloseConnections: "idle",
    exposeHeadRoutes: false,
    // Requests that come while it closes are told so in the envelope of every other error (route.ts).
    return503OnClosing: false,
    rewriteUrl: ({ url }) => withPlainColon(withoutAccount(url ?? "/")),
    routerOptions: {
      caseSensitive: false,
      ignoreTrailingSlash: true,
      ignoreDuplicateSlashes: true,
      maxParamLength: 4096,
    },
    frameworkErrors: (error, request, reply) => {
      correlate(request, reply);
      sendError(error, request, reply, { log: parts.log, now: now() });
    },
    clientErrorHandler: (error, socket) => answerBrokenRequest(error, socket, now()),
  });
  const checkOrigin = createOriginCheck(settings);
  const operations = ROUTES.map((route) => route.operation);
  const methodsOf = createMethodTable(operations);
  const stalls = createStallWatch(edge.settings.stalledAfterMs);

  app.decorateRequest("correlation");
  app.removeAllContentTypeParsers();
  app.register(multipart, {
    throwFileSizeLimit: true,
    limits: { fileSize: Number.POSITIVE_INFINITY, parts: MOST_PARTS, headerPairs: 64 },
  });
  // Bodies are read by the routes, which know what they take.
  app.addContentTypeParser("*", (_request, _payload, done) => done(null));
  /** An address that nobody serves, that is served with other methods, or that Azure alone serves. */
  const refuseUnknown = (request: FastifyRequest, reply: FastifyReply, methods = methodsOf(request.url)) => {
    if (methods.length > 0) reply.header("allow", methods.join(", "));
    if (methods.length > 0 && request.method === "OPTIONS") return reply.code(204).send();
    const absent = methods.length === 0 ? notOffered(request.url) : undefined;
    if (absent !== undefined) reply.raw.statusMessage = absent.reason;
    const error =
      absent?.error ??
      new MalachiteError(
        "RouteNotFound",
        methods.length > 0
          ? `This address takes ${methods.join(", ")}, not ${request.method}.`
          : "No operation has this address. See /openapi.json for those there are.",
      );
    sendError(
      error,
      request,
      reply,
      { log: parts.log, now: now() },
      methods.length > 0 ? { status: 405 } : {},
    );
    return reply;
  };
  app.addHook("onRequest", async (request, reply) => correlate(request, reply));
  watchRequests(app, parts.watches ?? []);
  addAudit(app, parts);
  app.addHook("onRequest", async (request, reply) => {
    const foreign = checkOrigin(request.headers);
    if (foreign !== undefined) allowOrigin(reply, foreign);
    // Before the framework looks at the body, which it does for methods that it knows and no operation has (QUERY).
    if (request.is404) return refuseUnknown(request, reply);
    if (isEmpty(request.headers)) forgetType(request.headers);
    else stalls.watch(request.raw);
  });
  app.addHook("onResponse", async (request) => lingerNoMore(request.raw));
  app.setErrorHandler((error, request, reply) => {
    sendError(error, request, reply, { log: parts.log, now: now() });
  });
  app.setNotFoundHandler((request, reply) => refuseUnknown(request, reply));
  for (const route of ROUTES) addRoute(app, route, edge);
  for (const { path, method, allowed } of refusedMethods(operations)) {
    const refuse = async (request: FastifyRequest, reply: FastifyReply) =>
      refuseUnknown(request, reply, allowed);
    // Before a body is looked at.
    app.route({ method, url: routerPath(path), onRequest: refuse, handler: refuse });
  }
  addBlobSurface(app, edge);
  addWebPages(app, settings.webFolder, (request, reply) => refuseUnknown(request, reply));
  app.addHook("preClose", async () => {
    closing.abort();
    stalls.stop();
    drain(app.server, port);
  });
  return app;
}

/** How long answers that are under way may take to end once the service is stopping. */
const DRAIN_MS = 3000;

/** A connection that is only kept for a next request is cut at once, one whose reader does not read when the time is over. */
function drain(server: FastifyInstance["server"], port: OnePort | undefined): void {
  if (!server.listening) return;
  port?.cutSilent();
  const idle = setInterval(() => {
    server.closeIdleConnections();
    port?.cutSilent();
  }, 50).unref();
  const late = setTimeout(() => {
    server.closeAllConnections();
    port?.cutTls();
  }, DRAIN_MS).unref();
  server.once("close", () => {
    clearInterval(idle);
    clearTimeout(late);
  });
}

/** Some clients encode the colon of `runs:query` and `tags:delete`; no parameter at the end of a path has those words. */
const withPlainColon = (url: string): string =>
  url.replace(/^([^?]*)%3a((?:query|delete)\/?(?:\?|$))/i, "$1:$2");

/** Nothing to read has no type worth refusing; an empty form is still a form, of which all parts are missing. */
function forgetType(headers: Record<string, unknown>): void {
  if (!/^\s*multipart\//i.test(String(headers["content-type"]))) delete headers["content-type"];
}

const isEmpty = (headers: Readonly<Record<string, unknown>>): boolean =>
  headers["transfer-encoding"] === undefined && Number(headers["content-length"] ?? 0) === 0;

/** Tells a browser that the page of an allowed foreign origin may read the answer. */
function allowOrigin(reply: { headers(values: Record<string, string>): unknown }, origin: string): void {
  reply.headers({
    "access-control-allow-origin": origin,
    vary: "Origin",
    "access-control-allow-methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
    "access-control-allow-headers":
      "authorization, content-type, range, if-none-match, last-event-id, x-ms-client-request-id",
    "access-control-expose-headers":
      "content-range, etag, retry-after, x-ms-request-id, x-ms-client-request-id, x-malachite-run-id",
    "access-control-max-age": "600",
  });
}
