// The service itself: is it up, how is it called, who may call it.
import { malachite, openApiDocument } from "@malachite/contract";
import { MalachiteError } from "@malachite/core";
import type { Edge } from "../edge.ts";
import { readBytes } from "../plugins/jsonBody.ts";
import { type Ask, route } from "../route.ts";

export const health = route(malachite.health, async (_ask, { service, settings }) => ({
  status: service.state(),
  version: settings.version,
  pid: process.pid,
}));

export const readiness = route(malachite.readiness, async ({ reply }, { service }) => {
  const told = await service.readiness();
  if (!told.ready) reply.code(503).header("retry-after", "2");
  return told;
});

export const getService = route(malachite.getService, async (_ask, { service }) => service.status());
export const changeService = route(malachite.changeService, async (ask, { service }) => {
  service.change(await ask.body(), ask.by);
  return service.status();
});

export const addTarget = route(malachite.addTarget, async (ask, { service }) => {
  const { name } = ask.params;
  const { kind, options, replace = false } = await ask.body();
  return { name, kind, ...service.addTarget(name, { ...options, kind }, { replace }) };
});

const AUDIT_PAGE = 100;
export const audit = route(malachite.audit, async ({ query }, { audit: log }) => {
  const { since, limit = AUDIT_PAGE, ...ask } = query;
  // Entries are compared as texts, and are written in this form.
  const from = since === undefined ? {} : { since: new Date(since).toISOString() };
  return { ...(await log.read({ ...ask, ...from, limit })) } as malachite.AuditPage;
});

const GARBAGE_PAGE = 200;
export const collectGarbage = route(malachite.collectGarbage, async (ask, { flow }) => {
  const { dryRun = false, after } = await ask.body();
  ask.request.audited = { dryRun: String(dryRun) };
  const page = await flow.collectGarbage({
    dryRun,
    limit: GARBAGE_PAGE,
    ...(after === undefined ? {} : { after }),
  });
  // Whoever collects by hand has all of it gone that may go.
  if (!dryRun && page.next === undefined) {
    const { signal } = new AbortController();
    await flow.freeLetGo(signal);
    await flow.sweepLaunches(signal);
  }
  return {
    ...page,
    values: page.values.map(({ scope, ...item }) => ({ ...item, workspace: scope.workspace })),
  };
});

/** Made when it is first asked for; the same for the life of the program. */
let document: Record<string, unknown> | undefined;
export const openapi = route(malachite.openapi, async () => {
  document ??= openApiDocument() as Record<string, unknown>;
  return document;
});

export const certificateAuthority = route(
  malachite.certificateAuthority,
  async ({ reply }, { certificates }) => {
    if (certificates === undefined)
      throw new MalachiteError("NotOffered", "This server speaks HTTP alone and has no authority.");
    reply.type("application/x-pem-file").send(certificates.authority);
    return undefined;
  },
);

const LONGEST_FORM = 16 * 1024;

export const getToken = route(malachite.getToken, (ask, edge) => token(ask, edge, ask.query.resource));
export const postToken = route(malachite.postToken, async (ask, edge) => {
  const form = new URLSearchParams((await readBytes(ask.bytes(), LONGEST_FORM)).toString());
  return token(ask, edge, form.get("resource") ?? ask.query.resource);
});

async function token(
  { request, reply, query }: Pick<Ask<typeof malachite.getToken>, "request" | "reply" | "query">,
  { auth, clock }: Edge,
  resource: string | undefined,
): Promise<malachite.Token> {
  const sent = request.headers.secret;
  // The address wins: clients that send a header of their own making have been given the secret in the address.
  const issued = await auth.userToken(query.secret ?? (Array.isArray(sent) ? sent[0] : sent));
  reply.header("cache-control", "no-store");
  return {
    access_token: issued.token,
    expires_on: String(Math.floor(issued.expiresAt / 1000)),
    expires_in: String(Math.floor((issued.expiresAt - clock.now()) / 1000)),
    resource: resource ?? "",
    token_type: "Bearer",
  };
}
