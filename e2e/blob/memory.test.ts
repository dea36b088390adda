// Blobs of any size go through a service that holds none of them: what it takes at most is the same as for small ones.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { it } from "node:test";
import { Service } from "../support/service.ts";
import { linksTo } from "./links.ts";

const MIB = 1024 * 1024;
const PIECE = Buffer.alloc(MIB, "malachite ");

/** The most that the process has held in memory. */
const peakOf = (pid: number): number =>
  Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024;

async function* pieces(count: number): AsyncGenerator<Uint8Array> {
  for (let n = 0; n < count; n += 1) yield PIECE;
}
async function send(url: string, mebibytes: number, headers: Record<string, string> = {}): Promise<void> {
  const ask = { method: "PUT", headers, body: pieces(mebibytes) as never, duplex: "half" };
  const answer = await fetch(url, ask);
  assert.equal(answer.status, 201, await answer.text());
}

it("takes and gives 400 MiB with constant memory", { timeout: 600_000 }, async (t) => {
  if (process.platform !== "linux") return t.skip("the peak of a process is read as Linux tells it");
  await using service = await Service.start();
  const paths = ["small", "whole", "blocks"];
  const [small, whole, blocks] = (await linksTo(service, "dcid.memory", paths)) as [string, string, string];
  const BLOCK = { "x-ms-blob-type": "BlockBlob" };
  await send(small, 8, BLOCK);
  const before = peakOf(service.pid ?? 0);
  await send(whole, 400, BLOCK);
  const ids = [0, 1, 2, 3].map((n) => Buffer.from(String(n)).toString("base64"));
  for (const id of ids) await send(`${blocks}&comp=block&blockid=${encodeURIComponent(id)}`, 50);
  const list = `<BlockList>${ids.map((id) => `<Latest>${id}</Latest>`).join("")}</BlockList>`;
  const committed = await fetch(`${blocks}&comp=blocklist`, { method: "PUT", body: list });
  assert.equal(committed.status, 201, await committed.text());
  for (const [url, mebibytes] of [
    [whole, 400],
    [blocks, 200],
  ] as const) {
    let bytes = 0;
    const answer = await fetch(url);
    for await (const chunk of answer.body ?? []) bytes += chunk.byteLength;
    assert.equal(bytes, mebibytes * MIB);
  }
  const grown = (peakOf(service.pid ?? 0) - before) / MIB;
  t.diagnostic(`${grown.toFixed(0)} MiB more than for 8 MiB`);
  assert.ok(grown < 150, `${grown.toFixed(0)} MiB more than for 8 MiB`);
});
