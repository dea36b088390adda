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

/** A request whose path nobody tidies up. A string is sent as JSON. Of a stream of events, which may never end, only the head is read. */
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
      if (/^text\/event-stream/.test(String(answer.headers["content-type"]))) {
        resolve({ status: answer.statusCode ?? 0, text: "", headers: answer.headers });
        answer.on("error", () => {});
        answer.destroy();
        return;
      }
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

/** Where service principals ask for tokens, with any name of a tenant. */
const isSignIn = (url: string): boolean => /^\/+(adfs\/+)?[^/?]+\/+oauth2\/+token\/*(\?|$)/i.test(url);

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
  else if (isSignIn(url) && typeof body.error === "string") {
    // RFC 6749, 5.2. What is refused before the form is read has the words of all others.
    assert.match(body.error, /^(unsupported_grant_type|invalid_client)$/, what);
    assert.match(String(body.error_description), /^[A-Z][^\n]{20,}\.$/, what);
    assert.equal(status, body.error === "invalid_client" ? 401 : 400, what);
  } else if (/^\/+(model(management|registry)|api)\//i.test(url)) {
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

  /**
   * Ends the watch. Of a hundred answers 99 came within 200 ms; on a machine that is so busy that even a server of one line takes
   * its time, within as much more. Says in words how quick it was.
   */
  async end(): Promise<string> {
    const told = new Promise<{ service: number[]; plain: number[] }>((resolve, reject) => {
      this.#worker.once("message", resolve);
      this.#worker.once("error", reject);
    });
    this.#worker.postMessage("end");
    const { service, plain } = await told;
    const [slow, usual] = [service, plain].map(
      (took) => took[Math.floor(took.length * 0.99)] ?? Infinity,
    ) as [number, number];
    const text = `/healthz: 99 of 100 in ${slow.toFixed(0)} ms, the slowest in ${service.at(-1)?.toFixed(0)} ms; a server of one line: 99 of 100 in ${usual.toFixed(0)} ms`;
    assert.ok(slow < 200 + 3 * usual, text);
    return text;
  }
}

/** The server of one line has the same machine, and as little to do with the service as can be. */
const WATCH = `
const { parentPort, workerData } = require("node:worker_threads");
const { spawn } = require("node:child_process");
const code = 'const s = require("node:http").createServer((q, a) => a.end("{}")).listen(0, "127.0.0.1", () => console.log(s.address().port))';
const plain = spawn(process.execPath, ["-e", code], { stdio: ["ignore", "pipe", "ignore"] });
const took = { service: [], plain: [] };
let over = false;
parentPort.on("message", () => (over = true));
async function time(url, into) {
  const at = performance.now();
  await fetch(url).then((answer) => answer.arrayBuffer());
  into.push(performance.now() - at);
}
(async () => {
  const [port] = await require("node:events").once(plain.stdout, "data");
  while (!over) {
    await time(workerData, took.service);
    await time("http://127.0.0.1:" + String(port).trim(), took.plain);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  plain.kill();
  for (const list of Object.values(took)) list.sort((a, b) => a - b);
  parentPort.postMessage(took);
  parentPort.close();
})();
`;
