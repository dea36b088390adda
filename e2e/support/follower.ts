// Follows a log over plain node:http, with the instant at which each event came. Many at once are cheap.
import { Agent, get } from "node:http";
import { type Service, workspacePath } from "./service.ts";
import { type SseEvent, sseEvents } from "./sse.ts";

export type Came = { readonly at: number; readonly event: SseEvent };

/** Follows until the stream ends; rejects when the answer is no stream. `each` is called for every event as it comes. */
export function follow(
  service: Service,
  runId: string,
  each: (came: Came) => void,
  query = "",
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const url = `${service.url}/malachite/v1.0${workspacePath}/runs/${runId}/log${query}`;
  // A connection of its own, as every browser tab and every terminal has one.
  const agent = new Agent({ keepAlive: false, maxSockets: Number.POSITIVE_INFINITY });
  const request = get(url, { agent, headers: { authorization: "Bearer dev" } }, (answer) => {
    if (answer.statusCode !== 200) reject(new Error(`following ${runId} → ${answer.statusCode}`));
    const parse = sseEvents((event) => each({ at: Date.now(), event }));
    answer.on("data", parse);
    answer.on("end", resolve);
    answer.on("error", reject);
  });
  request.on("error", reject);
  return promise;
}
