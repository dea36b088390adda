// An engine that refuses its list because a container ended while it made it. No engine does that on order, so these are its words.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { createEngines } from "./engine.ts";
import { listContainers } from "./listContainers.ts";

async function list(refusals: readonly { readonly status: number; readonly message: string }[]) {
  const folder = mkdtempSync(join(tmpdir(), "malachite-list-"));
  const socket = join(folder, "socket");
  let asked = 0;
  const server = createServer((request, answer) => {
    assert.match(String(request.url), /containers\/json\?.*label/);
    const refusal = refusals[asked];
    asked += 1;
    answer.writeHead(refusal?.status ?? 200, { "content-type": "application/json" });
    answer.end(JSON.stringify(refusal ? { message: refusal.message } : [{ Id: "one" }]));
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  try {
    const engine = await createEngines({ socket }).at(undefined);
    const found = await listContainers(engine, { label: ["a=b"] }, new AbortController().signal);
    return { asked, ids: found.map(({ Id }) => Id) };
  } finally {
    server.close();
    rmSync(folder, { recursive: true });
  }
}

it("a list that a container's end has cut off is asked for again, and no other refusal is", async () => {
  const gone = { status: 500, message: "read /proc/15461/cgroup: no such process" };
  assert.deepEqual(await list([gone, gone]), { asked: 3, ids: ["one"] });
  await assert.rejects(list([{ status: 500, message: "database is locked" }]), /database is locked/);
  await assert.rejects(list([{ status: 400, message: "no such container" }]), /no such container/);
  await assert.rejects(list(Array(20).fill(gone)), /no such process/);
});
