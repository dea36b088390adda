// The server is killed with -9 while data comes and while it goes; the next one goes on with it, and the run ends in the truth.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, readdirSync, statSync } from "node:fs";
import { createServer as createHttp } from "node:http";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { startAzurite } from "@malachite/server/conformance";
import { ended, fileOf, submit } from "../support/runs.ts";
import { Service, until, workspacePath } from "../support/service.ts";
import { putTexts, signedGet } from "./texts.ts";

const MIB = 1024 * 1024;

describe("kill -9 of the server over data", { timeout: 600_000 }, () => {
  it("a download goes on at its byte", async () => {
    const content = randomBytes(24 * MIB);
    const asked: number[] = [];
    const web = createHttp(async (request, answer) => {
      const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
      if (request.method === "GET") asked.push(from);
      answer.writeHead(from > 0 ? 206 : 200, { etag: '"v1"', "content-length": content.length - from });
      if (request.method === "HEAD") return answer.end();
      for (let at = from; at < content.length && !answer.destroyed; at += MIB) {
        answer.write(content.subarray(at, at + MIB));
        // The second time it comes at once.
        if (asked.length === 1) await pause(200);
      }
      answer.end();
    }).listen(0, "127.0.0.1");
    await once(web, "listening");
    const host = `127.0.0.1:${(web.address() as AddressInfo).port}`;
    await using service = await Service.start({ flags: ["--allow-data-host", host] });
    const id = await submit(service, {
      files: {
        "main.py":
          "import hashlib, os; print(hashlib.sha256(open(os.environ['big'], 'rb').read()).hexdigest())",
      },
      configuration: {
        data: {
          big: {
            dataLocation: { uri: { path: `http://${host}/big.bin`, isFile: true } },
            mechanism: "download",
          },
        },
      },
    });
    const folder = join(service.data, "data");
    const size = () =>
      (existsSync(folder) ? readdirSync(folder, { recursive: true, withFileTypes: true }) : [])
        .filter((entry) => entry.isFile())
        // One that was just being written is there by another name.
        .map((entry) => statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0)
        .reduce((sum, size) => sum + size, 0);
    await until("half of the file", () => size() > 8 * MIB);
    await service.kill();
    await service.start();
    const run = await ended(service, id);
    assert.equal(run.status, "Completed", JSON.stringify(run));
    const log = String(await fileOf(service, id));
    assert.equal(log.trim(), createHash("sha256").update(content).digest("hex"));
    assert.equal(asked.length, 2);
    assert.ok((asked[1] ?? 0) >= 8 * MIB, `it was asked for from ${asked[1]} on`);
    await until("the data being freed", () => readdirSync(folder).length === 0);
    web.closeAllConnections();
    web.close();
  });

  it("an upload goes on at its block", async (t) => {
    const azure = await startAzurite().catch((error: Error) => {
      t.skip(`Azurite cannot be had: ${error.message.slice(0, 200)}`);
    });
    if (!azure) return;
    await using _ = azure;
    await putTexts(azure, "kept");
    const slow = { everyMs: 60, bytes: 0 };
    const [, port] = azure.host.split(":");
    const proxy = createServer((client) => {
      const server = connect(Number(port), "127.0.0.1");
      for (const [one, other] of [
        [client, server],
        [server, client],
      ] as const) {
        one.on("error", () => other.destroy());
        one.on("close", () => other.destroy());
      }
      server.pipe(client);
      client.on("data", async (chunk) => {
        client.pause();
        slow.bytes += chunk.length;
        if (slow.everyMs > 0) await pause(slow.everyMs);
        server.write(chunk);
        client.resume();
      });
    }).listen(0, "127.0.0.1");
    await once(proxy, "listening");
    const host = `127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    await using service = await Service.start({ flags: ["--allow-data-host", host] });
    await service.json("POST", `/datastore/v1.0${workspacePath}/datastores`, {
      name: "azure",
      dataStoreType: "AzureBlob",
      azureStorageSection: {
        accountName: azure.account,
        containerName: "kept",
        endpoint: `http://${host}/${azure.account}`,
        credentialType: "AccountKey",
        credential: azure.key,
      },
    });
    const sizeMiB = 40;
    const id = await submit(service, {
      files: {
        "main.py": `import hashlib, os, sys
os.makedirs("out")
content = os.urandom(${sizeMiB} * 1024 * 1024)
open("out/big.bin", "wb").write(content)
print(hashlib.sha256(content).hexdigest())
sys.exit(7)`,
      },
      configuration: {
        dataReferences: {
          up: { dataStoreName: "azure", pathOnDataStore: "run", mode: "Upload", pathOnCompute: "out" },
        },
      },
    });
    await until("half of the file", () => slow.bytes > (sizeMiB / 2) * MIB, 90_000);
    await service.kill();
    slow.everyMs = 0;
    await service.start();
    const run = await ended(service, id);
    assert.equal(run.status, "Failed");
    assert.deepEqual((run as { warnings?: unknown[] }).warnings ?? [], []);
    const blob = Buffer.from(await signedGet(azure, "kept/run/big.bin"));
    const log = String(await fileOf(service, id));
    assert.equal(createHash("sha256").update(blob).digest("hex"), log.trim());
    const most = sizeMiB + 20;
    assert.ok(slow.bytes < most * MIB, `${Math.round(slow.bytes / MIB)} MiB were sent for ${sizeMiB}`);
    proxy.close();
  });
});
