// The live stream over servers that cut it, are away, or refuse.
import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import { fail, stubServer, WORKSPACE } from "../../test/stubServer.ts";
import { MalachiteClient } from "../malachiteClient.ts";
import type { LiveEvent } from "./liveEvent.ts";

const workspaceOf = (url: string) =>
  new MalachiteClient(url, "dev", { retryOptions: { retryDelayInMs: 1 } }).workspace(WORKSPACE);
const open = (response: ServerResponse): void => {
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
};
const event = (kind: string, data: object): string =>
  `event: ${kind}\nid: x\ndata: ${JSON.stringify(data)}\n\n`;
const short = (one: LiveEvent): string => {
  switch (one.kind) {
    case "log":
      return `log ${one.from} ${Buffer.from(one.bytes).toString()}`;
    case "connection":
      return one.state;
    case "run":
      return `run ${one.run.runId}`;
    default:
      return one.kind;
  }
};

test("a lost stream is told, taken up where everything was, and told to be healed", async () => {
  const asked: { readonly place: unknown; readonly logs: unknown }[] = [];
  await using stub = await stubServer((seen, response) => {
    asked.push({
      place: seen.headers["last-event-id"],
      logs: new URLSearchParams(seen.search).getAll("log"),
    });
    if (asked.length === 2) return fail(response, 503, "Stopping");
    open(response);
    response.write(": following\n\n");
    response.write(event("hello", { place: "w.1", resumed: asked.length > 1 }));
    if (asked.length > 1) return;
    response.write(event("log", { runId: "r1", from: 0, to: 2, text: "a\n", place: "2~i~s" }));
    response.write(
      event("log", { runId: "r2", path: "logs/x y", from: 0, to: 1, base64: "/w==", place: "1~i~s" }),
    );
    response.write(event("run", { run: { runId: "r1" }, place: "w.7" }));
    response.write(event("end", { runId: "r2", path: "logs/x y", status: "Completed", to: 1 }));
    response.write(event("unheardOf", {}));
    response.end();
  });
  const seen: string[] = [];
  const logs = [{ runId: "r1" }, { runId: "r2", path: "logs/x y", place: 0 }];
  for await (const one of workspaceOf(stub.url).events({ logs, place: "w.0" })) {
    seen.push(short(one));
    if (seen.at(-1) === "hello" && seen.includes("lost")) break;
  }
  assert.deepEqual(seen, ["hello", "log 0 a\n", "log 0 \ufffd", "run r1", "end", "lost", "healed", "hello"]);
  assert.deepEqual(asked, [
    { place: "w.0", logs: ["r1", "r2/logs/x y@0"] },
    { place: "w.7", logs: ["r1@2~i~s"] },
    { place: "w.7", logs: ["r1@2~i~s"] },
  ]);
});

test("what asking again does not mend is thrown", async () => {
  await using stub = await stubServer((_, response) => fail(response, 401, "Unauthenticated"));
  await assert.rejects(workspaceOf(stub.url).events().next(), { statusCode: 401 });
});

test("a signal ends it, and a silent connection is taken for dead", async () => {
  let connections = 0;
  await using stub = await stubServer((_, response) => {
    connections += 1;
    open(response);
    response.write(event("hello", { place: "w.1", resumed: false }));
  });
  const controller = new AbortController();
  const events = workspaceOf(stub.url).events({ idleTimeoutInMs: 1_000, abortSignal: controller.signal });
  const seen: string[] = [];
  await assert.rejects(
    async () => {
      for await (const one of events) {
        seen.push(short(one));
        if (seen.length === 4) controller.abort();
      }
    },
    { name: "AbortError" },
  );
  assert.deepEqual(seen, ["hello", "lost", "healed", "hello"]);
  assert.equal(connections, 2);
});
