// The server is killed with -9 while blobs are written: what was acknowledged is there, whole, and nothing else is.
import assert from "node:assert/strict";
import { it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { random } from "../support/random.ts";
import { Service, workspacePath } from "../support/service.ts";
import { linksTo } from "./links.ts";

const ROUNDS = 6;
const BLOCK = { "x-ms-blob-type": "BlockBlob" };

/** The status, or nothing when the server went away. */
async function put(url: string, body: BodyInit, headers: Record<string, string> = {}) {
  try {
    const answer = await fetch(url, { method: "PUT", headers, body });
    await answer.arrayBuffer();
    return answer.status;
  } catch {
    return undefined;
  }
}
const text = async (url: string): Promise<string | undefined> => {
  const answer = await fetch(url);
  const body = await answer.text();
  return answer.status === 404 ? undefined : body;
};

it("kill -9 loses nothing that was acknowledged", { timeout: 240_000 }, async () => {
  await using service = await Service.start();
  const names = ["whole", "log", "blocks"];
  const [whole, log, blocks] = (await linksTo(service, "dcid.crash", names)) as [string, string, string];
  assert.equal(await put(log, "", { "x-ms-blob-type": "AppendBlob" }), 201);
  const kept = { whole: -1, lines: 0, staged: new Set<number>() };
  const sent = { whole: -1, lines: 0 };
  const id = (n: number) => encodeURIComponent(Buffer.from(String(n).padStart(6, "0")).toString("base64"));
  const content = (n: number) => `${n} `.repeat(20_000);
  const chance = random(7);
  for (let round = 0; round < ROUNDS; round += 1) {
    // Each goes on until a write has no answer: whether that one was kept is not known then.
    const writers = [
      async () => {
        sent.whole += 1;
        const facts = { ...BLOCK, "x-ms-meta-n": String(sent.whole) };
        if ((await put(whole, content(sent.whole), facts)) !== 201) return false;
        kept.whole = sent.whole;
        return true;
      },
      async () => {
        sent.lines += 1;
        if ((await put(`${log}&comp=appendblock`, `line ${sent.lines}\n`)) !== 201) return false;
        kept.lines = sent.lines;
        return true;
      },
      async () => {
        const n = kept.staged.size;
        if ((await put(`${blocks}&comp=block&blockid=${id(n)}`, `block ${n};`)) !== 201) return false;
        kept.staged.add(n);
        return true;
      },
    ];
    const loops = writers.map(async (write) => {
      while (await write());
    });
    await sleep(200 + chance() * 600);
    await service.kill();
    await Promise.all(loops);
    await service.start();

    const found = (await text(whole)) ?? "";
    const n = Number(found.split(" ", 1)[0]);
    assert.ok(n === kept.whole || n === sent.whole, `blob ${n}; ${kept.whole} was acknowledged`);
    assert.equal(found, content(n), "a blob is whole");
    const head = await fetch(whole, { method: "HEAD" });
    assert.equal(head.headers.get("x-ms-meta-n"), String(n), "the facts are those of the bytes");
    const lines = ((await text(log)) ?? "").split("\n").slice(0, -1);
    assert.ok(lines.length === kept.lines || lines.length === sent.lines, `${lines.length} lines`);
    assert.deepEqual(
      lines,
      Array.from({ length: lines.length }, (_, i) => `line ${i + 1}`),
      "no line is lost, doubled or cut",
    );
    const file = await service.call(
      "GET",
      `/artifact/v2.0${workspacePath}/artifacts/content/ExperimentRun/dcid.crash/log`,
    );
    assert.equal(
      await file.text(),
      lines.map((line) => `${line}\n`).join(""),
      "the artifact is the same file",
    );
    const told = (await fetch(log, { method: "HEAD" })).headers.get("x-ms-blob-committed-block-count");
    assert.equal(told, String(lines.length));
    sent.lines = lines.length;
    kept.lines = lines.length;
    kept.whole = n;
    sent.whole = n;
  }
  const ids = [...kept.staged].map((n) => `<Latest>${decodeURIComponent(id(n))}</Latest>`);
  assert.ok(ids.length > ROUNDS, `${ids.length} blocks`);
  assert.equal(await put(`${blocks}&comp=blocklist`, `<BlockList>${ids.join("")}</BlockList>`), 201);
  assert.equal(await text(blocks), [...kept.staged].map((n) => `block ${n};`).join(""));
});
