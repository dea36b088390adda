// Server-sent events: framed so that any reader gets the same bytes back, wherever the source and the network cut.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type LogEvent, type LogPlace, MalachiteError, parseLogPlace, printLogPlace } from "@malachite/core";
import fc from "fast-check";
import { DEV, testEdge } from "../testing/edge.ts";
import { testRun, WORKSPACE } from "../testing/flow.ts";
import { createCutter, frameEvents } from "./events.ts";

type Frame = { readonly event: string; readonly id?: string; readonly data: Record<string, unknown> };

/** Reads a stream as the standard says; comments are left out. */
function readFrames(text: string): Frame[] {
  return text
    .split("\n\n")
    .map((block) => block.split("\n").filter((line) => line !== "" && !line.startsWith(":")))
    .filter((lines) => lines.length > 0)
    .map((lines) => {
      const of = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      const id = of("id");
      return {
        event: of("event") ?? "",
        ...(id === undefined ? {} : { id }),
        data: JSON.parse(of("data") ?? ""),
      };
    });
}
const bytesOf = ({ data }: Frame): Buffer =>
  typeof data.text === "string" ? Buffer.from(data.text) : Buffer.from(String(data.base64), "base64");
const isText = ({ event, data }: Frame): boolean => event !== "log" || "text" in data;

async function framesOf(events: AsyncIterable<LogEvent>): Promise<Frame[]> {
  let text = "";
  for await (const part of frameEvents(events, 60_000, new AbortController().signal)) text += part;
  return readFrames(text);
}
const piece = (from: number, bytes: Uint8Array, before = new Uint8Array()): LogEvent => ({
  kind: "log",
  from,
  to: from + bytes.length,
  bytes,
  before,
  identity: "1.2",
});
async function* log(from: number, parts: readonly Uint8Array[]): AsyncGenerator<LogEvent> {
  let at = from;
  yield { kind: "status", status: "Running" };
  for (const bytes of parts) {
    yield piece(at, bytes);
    at += bytes.length;
  }
  yield { kind: "end", status: "Completed", to: at };
}
/** Every frame goes on where the one before ended, and its id is where the next begins. */
function check(found: readonly Frame[], from: number, whole: Uint8Array): void {
  const logs = found.filter(({ event }) => event === "log");
  let at = from;
  for (const frame of logs) {
    assert.equal(frame.data.from, at);
    at += bytesOf(frame).length;
    assert.equal(frame.data.to, at);
    assert.equal(frame.id?.split("~")[0], String(at));
  }
  assert.deepEqual(Buffer.concat(logs.map(bytesOf)), Buffer.from(whole));
  assert.equal(found.at(-1)?.event, "end");
  assert.deepEqual(found.at(-1)?.data, { status: "Completed", to: from + whole.length });
}

describe("frames", () => {
  it("carry text as text when the source cuts at any byte", async () => {
    const whole = Buffer.from("aé€😀\n\r\n\u2028x\ufeff");
    for (let cut = 0; cut <= whole.length; cut++) {
      const found = await framesOf(log(100, [whole.subarray(0, cut), whole.subarray(cut)]));
      check(found, 100, whole);
      assert.ok(found.every(isText), `cut at ${cut}`);
    }
  });
  it("carry text as text when it comes byte by byte", async () => {
    const whole = Buffer.from("é€😀".repeat(20));
    const found = await framesOf(
      log(
        0,
        [...whole].map((byte) => Uint8Array.of(byte)),
      ),
    );
    check(found, 0, whole);
    assert.ok(found.every(isText));
  });
  it("carry any bytes, cut anywhere", async () => {
    const parts = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(parts, fc.nat(1000), async (cut, from) => {
        check(await framesOf(log(from, cut)), from, Buffer.concat(cut));
      }),
    );
  });
  it("are small however large a chunk is, and still end at characters", async () => {
    const whole = Buffer.from("😀".repeat(100_000));
    const found = await framesOf(log(0, [whole]));
    check(found, 0, whole);
    for (const { data } of found) assert.ok(JSON.stringify(data).length < 200_000);
    assert.ok(found.every(isText));
  });
  it("give out what was held back at the end, as bytes", async () => {
    const found = await framesOf(log(0, [Buffer.from([0x61, 0xf0, 0x9f, 0x98])]));
    assert.deepEqual(found.map(({ data }) => data).slice(1, 3), [
      { from: 0, to: 1, text: "a" },
      { from: 1, to: 4, base64: Buffer.from([0xf0, 0x9f, 0x98]).toString("base64") },
    ]);
  });
  it("go on after a gap, with what was held back before it", async () => {
    async function* gap(): AsyncGenerator<LogEvent> {
      yield piece(0, Uint8Array.of(0xc3));
      yield piece(10, Uint8Array.of(0x61));
      yield { kind: "end", status: "Completed", to: 11 };
    }
    assert.deepEqual((await framesOf(gap())).map(({ data }) => [data.from, data.to]).slice(0, 2), [
      [0, 1],
      [10, 11],
    ]);
  });
  it("never hold back more than three bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => {
        const given = createCutter()
          .add(0, bytes)
          .reduce((sum, piece) => sum + piece.bytes.length, 0);
        assert.ok(bytes.length - given <= 3);
      }),
    );
  });
  it("begin anew after a restart, with ids that are made of the new log's bytes alone", async () => {
    async function* rotated(): AsyncGenerator<LogEvent> {
      yield piece(3, Buffer.from("old\xc3", "latin1"), Buffer.from("abc"));
      yield { kind: "restart", reason: "replaced" };
      yield piece(0, Buffer.from("new"));
      yield { kind: "end", status: "Completed", to: 3 };
    }
    const found = await framesOf(rotated());
    assert.deepEqual(
      found.map(({ event, data }) => [event, data.from, data.text ?? data.base64 ?? data.reason]),
      [
        ["log", 3, "old"],
        ["log", 6, "ww=="],
        ["restart", undefined, "replaced"],
        ["log", 0, "new"],
        ["end", undefined, undefined],
      ],
    );
    assert.equal(found[0]?.id, printLogPlace(6, "1.2", Buffer.from("abcold")));
    assert.equal(found[2]?.id, "0");
    assert.equal(found[3]?.id, printLogPlace(3, "1.2", Buffer.from("new")));
  });
  it("say that they are alive while the source is silent", async () => {
    let speak: (() => void) | undefined;
    async function* silent(): AsyncGenerator<LogEvent> {
      await new Promise<void>((done) => {
        speak = done;
      });
      yield { kind: "end", status: "Completed", to: 0 };
    }
    let beats = 0;
    for await (const part of frameEvents(silent(), 1, new AbortController().signal)) {
      if (part.startsWith(": alive") && ++beats === 3) speak?.();
    }
    assert.ok(beats >= 3);
  });
  it("end at once with the signal, and end the source", async () => {
    const stop = new AbortController();
    let ended: (() => void) | undefined;
    const sourceEnded = new Promise<void>((done) => {
      ended = done;
    });
    async function* waits(): AsyncGenerator<LogEvent> {
      try {
        yield { kind: "status", status: "Running" };
        await new Promise<void>((done) => stop.signal.addEventListener("abort", () => done()));
      } finally {
        ended?.();
      }
    }
    for await (const part of frameEvents(waits(), 60_000, stop.signal)) {
      if (part.startsWith("event: status")) setImmediate(() => stop.abort());
    }
    await sourceEnded;
  });
});

describe("following a log over HTTP", () => {
  const url = `/malachite/v1.0${WORKSPACE}/runs/a/log`;
  const follow = async (
    query: string,
    headers: Record<string, string> = {},
    method: "GET" | "HEAD" = "GET",
  ) => {
    await using edge = await testEdge();
    edge.flow.runs.set("a", { run: testRun("a"), status: "Completed" });
    edge.flow.on("followLog", (_address, { from }) => log(from.offset, [Buffer.from("hello")]));
    const answer = await edge.app.inject({ method, url: url + query, headers: { ...DEV, ...headers } });
    const asked = edge.flow.calls.find(({ name }) => name === "followLog")?.args[1];
    return { answer, asked: asked as { from: LogPlace; path: string } };
  };
  it("begins at the beginning of the run's own log", async () => {
    const { answer, asked } = await follow("");
    assert.equal(answer.headers["content-type"], "text/event-stream; charset=utf-8");
    assert.equal(asked.path, undefined);
    assert.deepEqual(asked.from, { offset: 0 });
    assert.deepEqual(
      readFrames(answer.body).map(({ event }) => event),
      ["status", "log", "end"],
    );
  });
  it("begins where it is told, and Last-Event-ID wins", async () => {
    assert.deepEqual((await follow("?from=7&path=logs/x")).asked.from, { offset: 7 });
    assert.deepEqual((await follow("?from=7", { "last-event-id": "9" })).asked.from, { offset: 9 });
    const place = printLogPlace(5, "1.2", Buffer.from("hello"));
    const { asked } = await follow("?from=7", { "last-event-id": place });
    assert.deepEqual(asked.from, parseLogPlace(place));
    assert.equal(asked.from.of?.identity, "1.2");
  });
  it("refuses a position that is none", async () => {
    for (const query of ["?from=-1", "?from=x"]) assert.equal((await follow(query)).answer.statusCode, 400);
    for (const id of ["x", "-1", "9".repeat(16), "5~", "5~1.2~zz", `5~../x~${"0".repeat(16)}`]) {
      assert.equal((await follow("", { "last-event-id": id })).answer.statusCode, 400);
    }
  });
  it("answers HEAD without a body", async () => {
    const { answer } = await follow("", {}, "HEAD");
    assert.equal(answer.statusCode, 200);
    assert.equal(answer.body, "");
  });
  it("tells an unknown run, and a position beyond an ended log, as errors and not as streams", async () => {
    await using edge = await testEdge();
    assert.equal((await edge.app.inject({ url, headers: DEV })).statusCode, 404);
    edge.flow.runs.set("a", { run: testRun("a"), status: "Completed" });
    edge.flow.on("followLog", async function* () {
      yield { kind: "status", status: "Completed" };
      throw new MalachiteError("BadRange", "beyond the end");
    });
    assert.equal((await edge.app.inject({ url: `${url}?from=99`, headers: DEV })).statusCode, 416);
  });
});
