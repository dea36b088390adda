// A log followed with curl -N as it is written, taken up again at a byte, and what a waiting run waits for.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { curl, TOKEN } from "../support/curl.ts";
import { cancel, ended, reached, submit } from "../support/runs.ts";
import { Service, until, workspacePath } from "../support/service.ts";
import { logOf, type SseEvent, sseEvents, textOf } from "../support/sse.ts";

/** Writes three lines, each when the test asks for it by touching a file. */
const STEPS = `
import os, sys, time
def wait(name):
    while not os.path.exists(os.path.join(os.environ["SIGNS"], name)): time.sleep(0.005)
for name in ("a", "b", "c"):
    print("line", name, "ü", flush=True)
    wait(name)
`;

/** curl -N, running; its events grow. */
function follow(url: string, ...more: string[]) {
  const child = spawn("curl", ["-sS", "-N", "--max-time", "60", ...TOKEN, ...more, url]);
  const events: SseEvent[] = [];
  const over = once(child, "close");
  const parse = sseEvents((event) => events.push(event));
  child.stdout.on("data", parse);
  return {
    events,
    over,
    text: () => textOf(events),
    stop: async () => {
      child.kill();
      await over;
    },
  };
}

describe("following with curl -N", () => {
  let service: Service;
  before(async () => {
    service = await Service.start({ flags: ["--runs-at-once", "1", "--grace-seconds", "1"] });
  });
  after(() => service[Symbol.asyncDispose]());
  const log = (runId: string, rest = "") =>
    `${service.url}/malachite/v1.0${workspacePath}/runs/${runId}/log${rest}`;
  const why = async (runId: string) =>
    (await curl(...TOKEN, `${service.url}/malachite/v1.0${workspacePath}/runs/${runId}/why`)).json<{
      status: string;
      waiting: boolean;
      summary: string;
      constraints: { code: string; heldBy?: string[]; ahead?: number }[];
    }>();

  it("gives each line as it is written, offsets to take it up again, and an explicit end", async (t) => {
    const signs = mkdtempSync(join(tmpdir(), "malachite-signs-"));
    t.after(() => rmSync(signs, { recursive: true, force: true }));
    const touch = (name: string) => writeFileSync(join(signs, name), "");
    const runId = "follow-1";
    await submit(service, {
      files: { "main.py": STEPS },
      runId,
      configuration: { environment: { environmentVariables: { SIGNS: signs } } },
    });
    const first = follow(log(runId));
    await until("the first line", () => first.text() === "line a ü\n");
    touch("a");
    await until("the second line", () => first.text() === "line a ü\nline b ü\n");
    const last = first.events.filter((event) => event.event === "log").at(-1);
    assert.equal(last?.id?.split("~")[0], String(Buffer.byteLength("line a ü\nline b ü\n")));
    await first.stop();

    touch("b");
    touch("c");
    const second = follow(log(runId), "-H", `Last-Event-ID: ${last?.id}`);
    await second.over;
    assert.equal(second.text(), "line c ü\n");
    const end = second.events.at(-1);
    assert.equal(end?.event, "end");
    assert.deepEqual(JSON.parse(end?.data ?? ""), { status: "Completed", to: 30 });
    const statuses = second.events.filter((e) => e.event === "status").map((e) => JSON.parse(e.data).status);
    assert.equal(statuses.at(-1), "Completed");

    const header = follow(log(runId, "?from=0"), "-H", "Last-Event-ID: 10");
    await header.over;
    assert.equal(header.text(), "line b ü\nline c ü\n", "the header wins over the query");
    const inCharacter = follow(log(runId, "?from=8"));
    await inCharacter.over;
    assert.equal(
      logOf(inCharacter.events).toString("latin1"),
      Buffer.from("line a ü\nline b ü\nline c ü\n").subarray(8).toString("latin1"),
      "a beginning inside a character",
    );
  });

  it("refuses a place beyond the end, a place that is none, and logs that are not there", async () => {
    assert.equal((await curl(...TOKEN, log("follow-1", "?from=31"))).status, 416);
    assert.equal((await curl(...TOKEN, log("follow-1", "?from=-1"))).status, 400);
    assert.equal((await curl(...TOKEN, "-H", "Last-Event-ID: x", log("follow-1"))).status, 400);
    assert.equal((await curl(...TOKEN, log("follow-1", "?path=logs/none.txt"))).status, 404);
    assert.equal((await curl(...TOKEN, log("nobody"))).status, 404);
    assert.equal((await curl(log("follow-1"))).status, 401);
  });

  it("says what a waiting run waits for, and follows it from before its start", async () => {
    const files = { "main.py": "import time\nprint('x', flush=True)\ntime.sleep(600)\n" };
    await submit(service, { files, runId: "holder" });
    await reached(service, "holder", "Running");
    await submit(service, { files: { "main.py": "print('late')" }, runId: "second" });
    await submit(service, { files: { "main.py": "print('later')" }, runId: "third" });
    const second = await why("second");
    assert.deepEqual([second.status, second.waiting], ["NotStarted", true]);
    assert.deepEqual(
      second.constraints.map(({ code, heldBy }) => ({ code, heldBy })),
      [{ code: "limitReached", heldBy: ["holder"] }],
    );
    assert.match(second.summary, /holder/);
    const third = await why("third");
    assert.deepEqual(third.constraints.map((c) => c.code).sort(), ["behindOthers", "limitReached"]);
    assert.equal(third.constraints.find((c) => c.code === "behindOthers")?.ahead, 1);
    const running = await why("holder");
    assert.deepEqual([running.status, running.waiting, running.constraints], ["Running", false, []]);

    const following = follow(log("third"));
    await until("the waiting to be told", () => following.events.some((e) => e.event === "status"));
    await cancel(service, "holder");
    await following.over;
    assert.equal(following.text(), "later\n");
    assert.equal(following.events.at(-1)?.event, "end");
    assert.equal((await ended(service, "second")).status, "Completed");
    const over = await why("holder");
    assert.deepEqual([over.waiting, over.constraints[0]?.code], [false, "ended"]);
  });
});
