import assert from "node:assert/strict";
import { test } from "node:test";
import { type ServerEvent, serverEvents } from "./sse.ts";

async function read(chunks: Iterable<Uint8Array>): Promise<ServerEvent[]> {
  const events: ServerEvent[] = [];
  for await (const event of serverEvents(
    (async function* () {
      yield* chunks;
    })(),
  ))
    events.push(event);
  return events;
}

const STREAM = [
  ": a heartbeat\n\n",
  'event: log\nid: 5\ndata: {"text":"äöü€😀"}\n\n',
  "event: log\r\ndata: one\r\ndata:two\r\ndata\r\n\r\n",
  "data: no name\n\n",
  "event: end\rdata: x\r\r",
  "event: cut\ndata: never sent",
].join("");
const EVENTS: ServerEvent[] = [
  { event: "log", data: '{"text":"äöü€😀"}', id: "5" },
  { event: "log", data: "one\ntwo\n", id: undefined },
  { event: "message", data: "no name", id: undefined },
  { event: "end", data: "x", id: undefined },
];

test("a stream cut into two pieces at any byte gives the same events", async () => {
  const bytes = Buffer.from(STREAM);
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    assert.deepEqual(await read([bytes.subarray(0, cut), bytes.subarray(cut)]), EVENTS, `cut at ${cut}`);
  }
});

test("a stream that comes byte by byte gives the same events", async () => {
  assert.deepEqual(await read([...Buffer.from(STREAM)].map((byte) => Uint8Array.of(byte))), EVENTS);
});

test("a line that never ends is refused before it fills the memory", async () => {
  const piece = Buffer.alloc(8 * 1024 * 1024, "x");
  await assert.rejects(read(Array.from({ length: 10 }, () => piece)), /does not end/);
});
