// The blob surface of a real service, as clients of Azure's storage find it: links to write, and requests as they are sent.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { type IncomingHttpHeaders, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import { type App, compose } from "../src/compose.ts";
import { readSettings } from "../src/settings.ts";

export const WORKSPACE =
  "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/ws1";
export const artifacts = `/artifact/v2.0${WORKSPACE}/artifacts`;

export type Answer = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
};

export const send = (
  method: string,
  url: string,
  headers: Record<string, string> = {},
  body: string | Uint8Array = "",
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const length = { "content-length": String(Buffer.byteLength(body)) };
    const asked = request(url, { method, headers: { ...length, ...headers } }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () =>
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          body: Buffer.concat(chunks),
        }),
      );
    });
    asked.on("error", reject);
    asked.end(body);
  });
export const BLOCK = { "x-ms-blob-type": "BlockBlob" };
export const codeOf = (answer: Answer) => {
  assert.match(answer.headers["content-type"] ?? "", /xml/);
  const code = /<Code>(\w+)<\/Code>/.exec(answer.body.toString())?.[1];
  assert.equal(answer.headers["x-ms-error-code"], code);
  return `${answer.status} ${code}`;
};
export const md5 = (text: string) => createHash("md5").update(text).digest("base64");
export const id = (text: string) => encodeURIComponent(Buffer.from(text).toString("base64"));

/** Serves from before the first test of the file until after the last. */
export function blobsUnderTest() {
  const lines: string[] = [];
  let folder: string;
  let app: App;
  let base: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "malachite-surface-"));
    const settings = readSettings({ port: 0, data: join(folder, "data"), logLevel: "info" }, {});
    app = await compose(settings, {
      env: { PATH: settings.path },
      writeLog: (line) => void lines.push(line),
    });
    base = await app.start();
  });
  after(async () => {
    await app[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });
  const json = async (method: string, path: string, body?: unknown) => {
    const sent = {
      authorization: "Bearer dev",
      "content-type": "application/json-patch+json; charset=utf-8",
    };
    const answer = await send(method, base + path, sent, body === undefined ? "" : JSON.stringify(body));
    assert.equal(answer.status, 200, answer.body.toString());
    return JSON.parse(answer.body.toString());
  };
  /** A link to write, as plain HTTP. */
  const link = async (path: string, container = "dcid.surface"): Promise<string> => {
    const made = await json("POST", `${artifacts}/batch/metadata/ExperimentRun/${container}`, {
      paths: [{ path }],
    });
    const { contentUri } = made.artifactContentInformation[path];
    assert.match(contentUri, /^https:\/\/malachite-service\.blob\.x@127\.0\.0\.1:\d+\/azureml\/[\w./-]+\?/);
    return contentUri.replace("https://malachite-service.blob.x@", "http://");
  };
  return {
    /** What the service has written to its log. */
    lines,
    get base() {
      return base;
    },
    json,
    link,
  };
}
