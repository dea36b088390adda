// Bodies as streams: no more in memory than is read, nothing lost that has arrived, nothing left open.
import assert from "node:assert/strict";
import { test } from "node:test";
import { json, stubServer, WORKSPACE } from "../../test/stubServer.ts";
import { MalachiteClient } from "../malachiteClient.ts";
import { chunksOf } from "./byteStream.ts";

const artifactsOf = (url: string) => new MalachiteClient(url, "dev").workspace(WORKSPACE).run("r1").artifacts;

test("a reader that takes its time makes the sender wait", async () => {
  let sent = 0;
  let waits = false;
  await using stub = await stubServer(async (seen, response) => {
    if (!seen.path.includes("/content")) return json(response, { dataContainerId: "c" });
    response.writeHead(200);
    const closed = new Promise((resolve) => response.once("close", resolve));
    for (; sent < 200_000_000 && !response.destroyed; sent += 1_000_000) {
      const drained = Promise.withResolvers<void>();
      response.write(Buffer.alloc(1_000_000, sent / 1_000_000), () => drained.resolve());
      const timer = setTimeout(() => {
        waits = true;
      }, 300);
      await Promise.race([drained.promise, closed]);
      clearTimeout(timer);
    }
    response.end();
  });
  const { stream } = await artifactsOf(stub.url).download("a");
  const deadline = Date.now() + 20_000;
  while (!waits && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.ok(waits && sent < 50_000_000, `${sent} bytes were sent to nobody`);
  let at = 0;
  for await (const chunk of chunksOf(stream)) {
    for (let i = 0; i < chunk.length; i += 4_096)
      assert.equal(chunk[i], Math.floor((at + i) / 1_000_000) & 255);
    at += chunk.length;
  }
  assert.equal(at, 200_000_000);
});

test("leaving the loop closes the connection", async () => {
  const closed = Promise.withResolvers<void>();
  await using stub = await stubServer((seen, response) => {
    if (!seen.path.includes("/content")) return json(response, { dataContainerId: "c" });
    response.on("close", () => closed.resolve());
    response.writeHead(200).write("first");
  });
  for await (const chunk of chunksOf((await artifactsOf(stub.url).download("a")).stream)) {
    assert.equal(Buffer.from(chunk).toString(), "first");
    break;
  }
  await closed.promise;
});

test("what has arrived before a cut can still be read, however late; then the cut is told", async () => {
  const cut = Promise.withResolvers<void>();
  await using stub = await stubServer(async (seen, response) => {
    if (!seen.path.includes("/content")) return json(response, { dataContainerId: "c" });
    response.writeHead(200, { "content-length": 1_000_000 });
    await new Promise<void>((resolve) => response.write(Buffer.alloc(100_000), () => resolve()));
    response.on("close", () => cut.resolve());
    response.destroy();
  });
  const { stream } = await artifactsOf(stub.url).download("a");
  await cut.promise;
  await new Promise((resolve) => setTimeout(resolve, 50));
  let size = 0;
  const reading = async (): Promise<void> => {
    for await (const chunk of chunksOf(stream)) size += chunk.length;
  };
  await assert.rejects(reading(), { code: "ECONNRESET" });
  assert.equal(size, 100_000);
});
