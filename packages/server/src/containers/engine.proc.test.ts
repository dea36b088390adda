// What is sent to an engine, as the library would tell its debugger: it makes that text for each request, whether anybody reads it or not.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { createEngines } from "./engine.ts";

it("an engine is asked many things at once, and none of them is put into words with the connections of the others", async () => {
  const folder = mkdtempSync(join(tmpdir(), "malachite-engine-"));
  const socket = join(folder, "socket");
  const waiting: (() => void)[] = [];
  const server = createServer((_, answer) => {
    waiting.push(() => answer.setHeader("content-type", "application/json").end("{}"));
    // All are under way before the first is answered.
    if (waiting.length === 5) for (const go of waiting.splice(0)) go();
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  process.env.DEBUG = "modem";
  const write = process.stderr.write;
  let told = "";
  process.stderr.write = (chunk: unknown) => {
    told += String(chunk);
    return true;
  };
  try {
    const engine = await createEngines({ socket }).at(undefined);
    const { signal } = new AbortController();
    const ask = () => engine.ask("say what it is", (api) => api.info(), signal);
    await Promise.all(Array.from({ length: 5 }, ask));
  } finally {
    process.stderr.write = write;
    server.close();
    rmSync(folder, { recursive: true });
  }
  assert.equal(told.match(/Sending/g)?.length, 5);
  assert.doesNotMatch(told, /Socket/);
});
