// What hostile tests share: requests exactly as written, whether an error has the shape that the clients of its address read, and
// how quick and how large the service is meanwhile.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import type { Service } from "./service.ts";

export type Told = {
  readonly status: number;
  readonly text: string;
  readonly headers: Readonly<Record<string, unknown>>;
};
const agent = new Agent({ keepAlive: true, maxSockets: 8 });

/** A request whose path nobody tidies up. A string is sent as JSON. */
export function ask(
  service: Service,
  method: string,
  path: string,
  body?: string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): Promise<Told> {
  const { hostname, port } = new URL(service.url);
  const type = typeof body === "string" ? { "content-type": "application/json" } : {};
  const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
  const all = { authorization: "Bearer dev", ...type, ...length, ...headers };
  return new Promise((resolve, reject) => {
    const asked = request({ hostname, port, agent, method, path, headers: all }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () =>
        resolve({
          status: answer.statusCode ?? 0,
          text: Buffer.concat(chunks).toString(),
          headers: answer.headers,
        }),
      );
    });
    asked.setTimeout(30_000, () =>
      asked.destroy(new Error(`${method} ${path.slice(0, 300)}: no answer in 30 s`)),
    );
    asked.on("error", reject);
    asked.end(body);
  });
}

/** Sends bytes as they are and reads until the connection ends. */
export async function raw(service: Service, bytes: string | Uint8Array): Promise<string> {
  const { hostname, port } = new URL(service.url);
  const socket = connect({ host: hostname, port: Number(port) });
  let said = "";
  socket.on("error", () => {});
  socket.on("data", (chunk) => (said += chunk));
  socket.write(bytes);
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  await Promise.race([closed, sleep(10_000)]);
  socket.destroy();
  return said;
}

/** Never a fault of the service; and what is refused, is refused in the words of the address. */
export function assertTold(about: string, url: string, { status, text, headers }: Told): void {
  const what = `${about} → ${status} ${text.slice(0, 300)}`;
  assert.ok(status >= 200 && status < 500, what);
  if (status < 400 || text === "") return;
  if (/^\/+azureml/i.test(url)) {
    assert.match(text, /^<\?xml[^>]*><Error><Code>\w+<\/Code><Message>[^<]+<\/Message><\/Error>$/, what);
    assert.match(String(headers["x-ms-error-code"]), /^\w+$/, what);
    return;
  }
  const body = JSON.parse(text);
  const has = (...words: unknown[]) =>
    assert.ok(
      words.every((word) => typeof word === "string" && word !== ""),
      what,
    );
  if (/^\/+mlflow\//i.test(url)) has(body.error_code, body.message);
  else if (/^\/+(model(management|registry)|api)\//i.test(url)) {
    has(body.code, body.message);
    assert.equal(body.statusCode, status, what);
  } else has(body.error?.code, body.error?.message, body.correlation?.operation, body.time);
}

/** The most memory that the process has held. */
export const peakBytes = (pid: number): number =>
  Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024;

/** Asks for /healthz again and again, in a thread of its own: a busy test makes no slow service. */
export class HealthWatch {
  readonly #worker: Worker;

  constructor(service: Service) {
    this.#worker = new Worker(WATCH, { eval: true, workerData: `${service.url}/healthz` });
  }

  /** Ends the watch: how long answers took, in order of time taken. */
  async end(): Promise<readonly number[]> {
    const told = new Promise<readonly number[]>((resolve, reject) => {
      this.#worker.once("message", resolve);
      this.#worker.once("error", reject);
    });
    this.#worker.postMessage("end");
    return await told;
  }
}

const WATCH = `
const { parentPort, workerData } = require("node:worker_threads");
const took = [];
let over = false;
parentPort.on("message", () => (over = true));
(async () => {
  while (!over) {
    const at = performance.now();
    await fetch(workerData).then((answer) => answer.arrayBuffer());
    took.push(performance.now() - at);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  parentPort.postMessage(took.sort((a, b) => a - b));
  parentPort.close();
})();
`;
