// An upload of many parts to S3 that was cut goes on at its part: against a server that lists what it has of unfinished uploads (moto,
// from PyPI, as it is on the machine).
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { request as ask, createServer as createHttp } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { Content } from "../src/adapters/data/fileStorage.ts";
import { openS3Storage } from "../src/adapters/data/storages/s3Storage.ts";

const MIB = 2 ** 20;

function movesWithMoto(): boolean {
  try {
    execFileSync("moto_server", ["--help"], { stdio: "ignore", timeout: 60_000 });
    return true;
  } catch {
    // It is not installed.
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

describe("S3 uploads that were cut", {
  skip: movesWithMoto() ? false : "moto_server is not installed",
  timeout: 120_000,
}, () => {
  it("go on with the parts that are there, and send those that differ again", async () => {
    const port = await freePort();
    const moto = spawn("moto_server", ["-H", "127.0.0.1", "-p", String(port)], { stdio: "ignore" });
    const parts: number[] = [];
    const proxy = createHttp((incoming, answer) => {
      const number = /partNumber=(\d+)/.exec(incoming.url ?? "")?.[1];
      if (incoming.method === "PUT" && number !== undefined) parts.push(Number(number));
      const { method, url, headers } = incoming;
      const onward = ask({ host: "127.0.0.1", port, method, path: url, headers }, (got) => {
        answer.writeHead(got.statusCode ?? 500, got.headers);
        got.pipe(answer);
      });
      onward.on("error", () => answer.destroy());
      incoming.pipe(onward);
    }).listen(0, "127.0.0.1");
    await once(proxy, "listening");
    const endpoint = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    try {
      for (const end = Date.now() + 60_000; ; await pause(100)) {
        const made = await fetch(`http://127.0.0.1:${port}/bucket`, { method: "PUT" }).catch(() => undefined);
        if (made?.ok) break;
        assert.ok(Date.now() < end, "moto does not answer");
      }
      const settings = { bucket: "bucket", endpoint, accessKeyId: "x", secretAccessKey: "y" };
      await using storage = await openS3Storage(settings, "store");
      const bytes = randomBytes(60 * MIB);
      const content = (read: (from: number) => void = () => {}): Content => ({
        sizeBytes: bytes.length,
        async *read(from, to) {
          read(from);
          yield bytes.subarray(from, to);
        },
      });
      const cut = new AbortController();
      await assert.rejects(
        storage.write(
          "big",
          content((from) => {
            if (from >= 48 * MIB) cut.abort(new Error("cut"));
          }),
          true,
          cut.signal,
        ),
      );
      const first = new Set(parts.splice(0));
      assert.ok(first.size >= 3, `${first.size} parts were sent before the cut`);
      // What is the same is not sent again; this part is another now.
      bytes.write("changed", 8 * MIB);
      assert.equal(await storage.write("big", content(), true, AbortSignal.timeout(60_000)), "sent");
      assert.ok(parts.includes(2) && !parts.includes(1), `sent again: ${parts}`);
      assert.ok(parts.length <= 6, `sent again: ${parts}`);
      const file = await storage.find("big", AbortSignal.timeout(10_000));
      assert.ok(file);
      const sum = createHash("sha256");
      for await (const chunk of storage.read(file, 0, AbortSignal.timeout(60_000))) sum.update(chunk);
      assert.equal(sum.digest("hex"), createHash("sha256").update(bytes).digest("hex"));
    } finally {
      proxy.closeAllConnections();
      proxy.close();
      const ended = once(moto, "exit");
      moto.kill("SIGKILL");
      await ended;
    }
  });
});
