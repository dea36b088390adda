// The pages for people, below /ui/: files that were built beforehand. They hold nothing secret and need no token; what they show
// they ask of the API, with the token of whoever looks.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import files from "@fastify/static";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

/**
 * What the pages may load and where: all from here. Users' texts are never markup to them, and their files are never documents of
 * this origin, but if one ever were, it could run nothing and send nothing anywhere.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "font-src 'self'",
  "connect-src 'self'",
  "frame-src 'self' blob:",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");
const HEADERS = {
  "content-security-policy": POLICY,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};
const YEAR_S = 365 * 24 * 3600;

/** Adds the pages of a folder to the server; `notFound` answers what is no page. */
export function addWebPages(
  app: FastifyInstance,
  folder: URL | undefined,
  notFound: (request: FastifyRequest, reply: FastifyReply) => unknown,
): void {
  const root = folder && fileURLToPath(folder);
  // Whoever opens the bare address in a browser wants the pages. So do links that MLflow's clients print (their rest is behind a
  // `#`, which browsers take along) and those of Azure's studio, once their host is this one.
  const toPages =
    (target: (request: FastifyRequest) => string) => (request: FastifyRequest, reply: FastifyReply) =>
      /\btext\/html\b/.test(request.headers.accept ?? "")
        ? reply.code(302).header("cache-control", "no-store").redirect(target(request))
        : notFound(request, reply);
  const query = ({ url }: FastifyRequest) => (url.includes("?") ? url.slice(url.indexOf("?")) : "");
  app.get(
    "/",
    toPages((request) => `/ui/${query(request)}`),
  );
  app.get(
    "/runs/:runId",
    toPages((request) => `/ui${request.url}`),
  );
  for (const version of ["v1.0", "v2.0"])
    app.get<{ Params: Record<"s" | "g" | "w", string> }>(
      `/mlflow/${version}/subscriptions/:s/resourceGroups/:g/providers/Microsoft.MachineLearningServices/workspaces/:w`,
      (request, reply) => {
        const { s, g, w } = request.params;
        return toPages(() => `/ui/?ws=${encodeURIComponent(`${s}/${g}/${w}`)}`)(request, reply);
      },
    );
  if (root === undefined || !existsSync(join(root, "index.html"))) {
    const missing = (_request: FastifyRequest, reply: FastifyReply) =>
      reply
        .code(503)
        .type("text/plain")
        .send("The pages are not built here. Build them with: npm run build\n");
    app.get("/ui", missing);
    app.get("/ui/*", missing);
    return;
  }
  void app.register(files, {
    root,
    serve: false,
    preCompressed: true,
    cacheControl: false,
  });
  const send = (reply: FastifyReply, path: string) => {
    // Names of assets are made from their contents.
    const isAsset = path.startsWith("assets/");
    reply
      .headers(HEADERS)
      .header("cache-control", isAsset ? `public, max-age=${YEAR_S}, immutable` : "no-cache");
    return reply.sendFile(path);
  };
  const head = { exposeHeadRoute: true };
  app.get("/ui", head, (_request, reply) => send(reply, "index.html"));
  app.get<{ Params: { "*": string } }>("/ui/*", head, (request, reply) => {
    const path = request.params["*"];
    // Everything that is no file is an address inside the pages.
    return send(reply, /^(assets\/[\w.-]+|favicon\.svg)$/.test(path) ? path : "index.html");
  });
}
