// A server of the edge over the test flow, for requests by `inject` or over a real socket.
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AuditedAct, Clock, Log, Upload } from "@malachite/core";
import type { FastifyInstance } from "fastify";
import { type Auth, type AuthSettings, createAuth } from "../auth/auth.ts";
import type { CertificateSource, HttpSettings, ServiceControl } from "../edge.ts";
import { createHttpServer } from "../server.ts";
import { type TestClock, testClock } from "./clock.ts";
import { type TestFlow, testFlow } from "./flow.ts";

export const DEV = { authorization: "Bearer dev" } as const;
export const JSON_DEV = { ...DEV, "content-type": "application/json" } as const;
export const SECRET = new Uint8Array(32).fill(7);

export type TestEdge = AsyncDisposable & {
  readonly app: FastifyInstance;
  readonly flow: TestFlow;
  readonly auth: Auth;
  readonly clock: TestClock;
  readonly errors: unknown[];
  /** What the audit log was told. */
  readonly acts: AuditedAct[];
  readonly uploads: string;
  /** What is left in the uploads folder. */
  left(): Promise<string[]>;
  ready: boolean;
};

export async function testEdge(
  settings: Partial<HttpSettings> = {},
  auth: Partial<AuthSettings> = {},
  certificates?: CertificateSource,
): Promise<TestEdge> {
  const uploads = await mkdtemp(join(tmpdir(), "malachite-http-"));
  const flow = testFlow();
  const clock = testClock();
  const errors: unknown[] = [];
  const acts: AuditedAct[] = [];
  const log: Log = { info() {}, warn() {}, error: (_event, error) => void errors.push(error) };
  const made = createAuth({ secret: SECRET, development: true, ...auth }, clock);
  const edge: TestEdge = {
    flow,
    auth: made,
    clock,
    errors,
    acts,
    uploads,
    ready: true,
    left: () => readdir(uploads),
    app: createHttpServer({
      flow,
      auth: made,
      log,
      clock,
      spool,
      ready: () => edge.ready,
      service: {
        ...stillService(clock),
        state: () => (edge.ready ? "ok" : "starting"),
        readiness: async () => ({ ready: edge.ready, parts: [] }),
      },
      audit: {
        add: async (act) => void acts.push(act),
        read: async () => ({ values: [] }),
      },
      certificates,
      settings: { version: "test", uploadsFolder: uploads, ...settings },
    }),
    async [Symbol.asyncDispose]() {
      await edge.app.close();
      await rm(uploads, { recursive: true, force: true });
    },
  };
  return edge;
}

/** A service that takes work and never does otherwise. */
export const stillService = (clock: Pick<Clock, "now">): ServiceControl => ({
  state: () => "ok",
  readiness: async () => ({ ready: true, parts: [] }),
  status: () => ({
    status: "ok",
    version: "test",
    pid: 1,
    startedAt: new Date(clock.now()).toISOString(),
    logLevel: "warn",
    inHand: 0,
  }),
  change() {},
  addTarget: () => ({ file: "malachite.yaml" }),
});

let spooled = 0;
/** Keeps the promise of the port: nothing is left when the stream breaks. */
async function spool(stream: AsyncIterable<Uint8Array>, folder: string): Promise<Upload> {
  const file = join(folder, `upload-${++spooled}`);
  await writeFile(file, "");
  let sizeBytes = 0;
  try {
    for await (const chunk of stream) sizeBytes += chunk.byteLength;
  } catch (error) {
    await rm(file);
    throw error;
  }
  return { file, sizeBytes, sha256: "" };
}

/** The code of ours in an error answer: the deepest inner one. */
export function codeOf(body: string): string | undefined {
  let inner = JSON.parse(body).error as { code?: string; innerError?: never } | undefined;
  while (inner?.innerError) inner = inner.innerError;
  return inner?.code;
}
