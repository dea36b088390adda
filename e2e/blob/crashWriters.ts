// Blobs that are written until the server goes away: one anew and anew, one line by line, one in blocks. And what must be true of them
// when it is back: what was acknowledged is there, whole, and nothing else is.
import assert from "node:assert/strict";
import { type Service, until } from "../support/service.ts";
import { linksTo } from "./links.ts";

export const BLOCK = { "x-ms-blob-type": "BlockBlob" };

/** The status, or nothing when the server went away. */
export async function put(url: string, body: BodyInit, headers: Record<string, string> = {}) {
  try {
    const answer = await fetch(url, { method: "PUT", headers, body });
    await answer.arrayBuffer();
    return answer.status;
  } catch {
    return undefined;
  }
}

const text = async (url: string): Promise<string> => {
  const answer = await fetch(url);
  const body = await answer.text();
  return answer.status === 404 ? "" : body;
};
const id = (n: number) => encodeURIComponent(Buffer.from(String(n).padStart(6, "0")).toString("base64"));
const content = (n: number) => `${n} `.repeat(20_000);

export async function crashWriters(service: Service, container: string) {
  const [whole = "", log = "", blocks = ""] = await linksTo(service, container, ["whole", "log", "blocks"]);
  assert.equal(await put(log, "", { "x-ms-blob-type": "AppendBlob" }), 201);
  const kept = { whole: -1, lines: 0, staged: 0 };
  const sent = { whole: -1, lines: 0 };
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
      if ((await put(`${blocks}&comp=block&blockid=${id(kept.staged)}`, `block ${kept.staged};`)) !== 201)
        return false;
      kept.staged += 1;
      return true;
    },
  ];
  return {
    log,
    /** `over` resolves when the server has gone; `gotOn` when each has written something that was acknowledged, however slow all is. */
    write() {
      const written = writers.map(() => 0);
      let isOver = false;
      const over = Promise.all(
        writers.map(async (write, i) => {
          while (await write()) written[i] = (written[i] ?? 0) + 1;
        }),
      ).finally(() => (isOver = true));
      const gotOn = () =>
        until("each writer to get on", () => {
          assert.ok(!isOver, "no server takes what is written");
          return written.every((count) => count > 0);
        });
      return { over, gotOn };
    },
    /** Of a server that is back. Answers the lines of the log. */
    async check(): Promise<readonly string[]> {
      const found = await text(whole);
      const n = found === "" ? -1 : Number(found.split(" ", 1)[0]);
      assert.ok(n === kept.whole || n === sent.whole, `blob ${n}; ${kept.whole} was acknowledged`);
      if (n >= 0) {
        assert.equal(found, content(n), "a blob is whole");
        const head = await fetch(whole, { method: "HEAD" });
        assert.equal(head.headers.get("x-ms-meta-n"), String(n), "the facts are those of the bytes");
      }
      const lines = (await text(log)).split("\n").slice(0, -1);
      assert.ok(lines.length === kept.lines || lines.length === sent.lines, `${lines.length} lines`);
      assert.deepEqual(
        lines,
        Array.from({ length: lines.length }, (_, i) => `line ${i + 1}`),
        "no line is lost, doubled or cut",
      );
      kept.whole = n;
      sent.whole = n;
      kept.lines = lines.length;
      sent.lines = lines.length;
      return lines;
    },
    /** Commits the blocks that were acknowledged: each is there. Answers how many. */
    async commit(): Promise<number> {
      const all = Array.from({ length: kept.staged }, (_, n) => n);
      const ids = all.map((n) => `<Latest>${decodeURIComponent(id(n))}</Latest>`);
      assert.equal(await put(`${blocks}&comp=blocklist`, `<BlockList>${ids.join("")}</BlockList>`), 201);
      assert.equal(await text(blocks), all.map((n) => `block ${n};`).join(""));
      assert.ok(kept.whole >= 0, "a blob was written");
      return kept.staged;
    },
  };
}
