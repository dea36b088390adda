// The metric APIs over HTTP on a real store, for the tests of both.
import assert from "node:assert/strict";
import { createAuth, createHttpServer } from "../src/http/index.ts";
import { stillService } from "../src/http/testing/edge.ts";
import { SCOPE, ScriptedService } from "./scriptedService.ts";

export const WS = `/subscriptions/${SCOPE.subscriptionId}/resourceGroups/${SCOPE.resourceGroup}/providers/Microsoft.MachineLearningServices/workspaces/${SCOPE.workspace}`;
const JSON_DEV = { authorization: "Bearer dev", "content-type": "application/json" };

export const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into, not typed.
export type Answer = { readonly status: number; readonly body: any };
type Method = "GET" | "POST" | "PATCH" | "DELETE";

/** One number, as the SDK posts it. */
export const scalar = (name: string, value: unknown, n = 1, more = {}) => ({
  name,
  columns: { [name]: "Double" },
  value: [{ metricId: uuid(n), createdUtc: "2026-01-02T03:04:05.678901Z", data: { [name]: value } }],
  properties: { uxMetricType: "azureml.v1.scalar" },
  ...more,
});

export const dataOf = (answer: Answer): unknown[] =>
  answer.body.value.map((row: { data: unknown }) => row.data);
/** Our own code of an error. */
export const innermost = ({ body }: Answer): string => body.error.innerError.innerError.code;

export type MeasuredRun = Awaited<ReturnType<MetricsBench["start"]>>;

export class MetricsBench implements AsyncDisposable {
  readonly #service: ScriptedService;
  readonly #app: ReturnType<typeof createHttpServer>;
  readonly #errors: unknown[] = [];
  #runs = 0;

  private constructor(service: ScriptedService) {
    this.#service = service;
    this.#app = createHttpServer({
      flow: service.flow,
      auth: createAuth({ secret: new Uint8Array(32).fill(7), development: true }, service.clock),
      log: { info() {}, warn() {}, error: (_event, error) => void this.#errors.push(error) },
      clock: service.clock,
      spool: () => Promise.reject(new Error("nothing is spooled here")),
      ready: () => true,
      service: stillService(service.clock),
      audit: { add: async () => {}, read: async () => ({ values: [] }) },
      settings: { version: "test", uploadsFolder: "/nowhere" },
    });
  }

  static async open(): Promise<MetricsBench> {
    return new MetricsBench(await ScriptedService.start(() => ({})));
  }

  async ask(method: Method, url: string, payload?: unknown): Promise<Answer> {
    const text = typeof payload === "string" || payload === undefined ? payload : JSON.stringify(payload);
    const answer = await this.#app.inject({
      method,
      url,
      headers: JSON_DEV,
      ...(text === undefined ? {} : { payload: text }),
    });
    return { status: answer.statusCode, body: answer.body === "" ? undefined : JSON.parse(answer.body) };
  }

  /** A new run, with the addresses of its metrics. */
  async start() {
    const id = `run-${++this.#runs}`;
    const made = await this.ask("PATCH", `/history/v1.0${WS}/experiments/e/runs/${id}`, { runId: id });
    assert.equal(made.status, 200, JSON.stringify(made.body));
    const v2 = `/metric/v2.0${WS}/runs/${id}`;
    return {
      id,
      v2,
      v1: `/history/v1.0${WS}/experiments/e/runs/${id}`,
      post: (values: unknown[], reportErrors = true) =>
        this.ask("POST", `${v2}/batch`, { values, reportErrors }),
      full: (metricName: string, more = {}) => this.ask("POST", `${v2}/full`, { metricName, ...more }),
      query: (filter: string, more = "") =>
        this.ask("POST", `/history/v1.0${WS}/experiments/e/metrics:query${more}`, { filter }),
    };
  }

  /** Nothing that a client sends is a fault of the service. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#app.close();
    await this.#service[Symbol.asyncDispose]();
    assert.deepEqual(this.#errors, []);
  }
}
