// Logs as scripts really write them: floods, endless lines, bytes that are no text, and many who read them at once.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { follow } from "../support/follower.ts";
import { ended, fileOf, getRun, reached, submit } from "../support/runs.ts";
import { Service, until, workspacePath } from "../support/service.ts";
import { logBytes } from "../support/sse.ts";

const MIB = 1024 * 1024;
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const quantile = (values: readonly number[], q: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))] ?? Number.NaN;

describe("logs", { timeout: 600_000 }, () => {
  let service: Service;
  before(async () => {
    service = await Service.start({ flags: ["--runs-at-once", "4"] });
  });
  after(() => service[Symbol.asyncDispose]());
  const sizeOf = async (runId: string): Promise<number> => {
    const path = `/artifact/v2.0${workspacePath}/artifacts/ExperimentRun/dcid.${runId}/content?path=user_logs/std_log.txt`;
    return Number((await service.call("HEAD", path)).headers.get("content-length"));
  };

  it("are within 50 ms of the write for whoever follows", async (t) => {
    const script =
      "import time\nfor i in range(60):\n    print(time.time() * 1000, flush=True)\n    time.sleep(0.03)\n";
    await submit(service, { files: { "main.py": script }, runId: "latency" });
    const lags: number[] = [];
    let rest = "";
    await follow(service, "latency", ({ at, event }) => {
      if (event.event !== "log") return;
      const lines = (rest + logBytes(event)).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) lags.push(at - Number(line));
    });
    assert.equal(lags.length, 60);
    const told = `median ${quantile(lags, 0.5).toFixed(1)} ms, 95 % ${quantile(lags, 0.95).toFixed(1)} ms`;
    t.diagnostic(told);
    assert.ok(quantile(lags, 0.5) <= 50, told);
  });

  it("reach two hundred followers whole, each to its end", async (t) => {
    const script =
      "import time\nfor i in range(40):\n    print(time.time() * 1000, 'x' * 100, flush=True)\n    time.sleep(0.05)\n";
    await submit(service, { files: { "main.py": script }, runId: "crowd" });
    await reached(service, "crowd", "Running");
    const lags: number[] = [];
    const texts = await Promise.all(
      Array.from({ length: 200 }, async () => {
        const chunks: Buffer[] = [];
        let end = "";
        await follow(service, "crowd", ({ at, event }) => {
          if (event.event === "end") end = event.data;
          if (event.event !== "log") return;
          const bytes = logBytes(event);
          chunks.push(bytes);
          const last = bytes.toString().trimEnd().split("\n").at(-1)?.split(" ")[0];
          lags.push(at - Number(last));
        });
        assert.match(end, /Completed/);
        return Buffer.concat(chunks).toString("latin1");
      }),
    );
    const log = (await fileOf(service, "crowd")).toString("latin1");
    assert.equal(log.split("\n").length, 41);
    assert.ok(
      texts.every((text) => text === log),
      "every follower has the whole log",
    );
    t.diagnostic(`median ${quantile(lags, 0.5).toFixed(1)} ms, 95 % ${quantile(lags, 0.95).toFixed(1)} ms`);
  });

  it("of bytes that are no text are kept and told byte for byte", async () => {
    const script = `
import os, time
for i in range(50):
    os.write(1 + i % 2, bytes(range(256)) + b"\\xff\\xc3" + "😀".encode()[: 1 + i % 4])
    time.sleep(0.002)
`;
    await submit(service, { files: { "main.py": script }, runId: "bytes" });
    const chunks: Buffer[] = [];
    await follow(service, "bytes", ({ event }) => event.event === "log" && chunks.push(logBytes(event)));
    const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    const expected = Buffer.concat(
      Array.from({ length: 50 }, (_, i) =>
        Buffer.concat([all, Buffer.from([0xff, 0xc3]), Buffer.from("😀").subarray(0, 1 + (i % 4))]),
      ),
    );
    assert.ok((await fileOf(service, "bytes")).equals(expected), "the kept log");
    assert.ok(Buffer.concat(chunks).equals(expected), "the log that was followed");
  });

  it("of 200 MB leave the service quick, and come whole", async (t) => {
    const script = `
import os
line = b"0123456789abcdef" * 8 + b"\\n"
piece = line * 8000
left = 200 << 20
while left > 0:
    left -= os.write(1, piece[:left])
`;
    await submit(service, { files: { "main.py": script }, runId: "flood" });
    const waits: number[] = [];
    // As long as the run goes on, and a little more: then its log is kept.
    for (let over = false; !over; ) {
      const startedAt = performance.now();
      assert.ok((await fetch(`${service.url}/healthz`)).ok);
      waits.push(performance.now() - startedAt);
      await sleep(5);
      if (waits.length % 10 === 0) over = (await getRun(service, "flood")).status === "Completed";
    }
    const told = `healthz: ${waits.length} times, 95 % ${quantile(waits, 0.95).toFixed(1)} ms, longest ${Math.max(...waits).toFixed(0)} ms`;
    t.diagnostic(told);
    assert.ok(quantile(waits, 0.95) < 200, told);
    assert.equal(await sizeOf("flood"), 200 * MIB);
  });

  it("of one line of 100 MB are followed whole", async (t) => {
    const script = "import os\nfor i in range(100):\n    os.write(1, bytes([97 + i % 26]) * (1 << 20))\n";
    await submit(service, { files: { "main.py": script }, runId: "line" });
    const hash = createHash("sha256");
    let size = 0;
    let longest = 0;
    const startedAt = performance.now();
    await follow(service, "line", ({ event }) => {
      if (event.event !== "log") return;
      const bytes = logBytes(event);
      longest = Math.max(longest, bytes.length);
      size += bytes.length;
      hash.update(bytes);
    });
    t.diagnostic(`followed at ${(size / MIB / ((performance.now() - startedAt) / 1000)).toFixed(0)} MB/s`);
    assert.equal(size, 100 * MIB);
    assert.ok(longest <= 64 * 1024, `an event of ${longest} bytes`);
    const expected = Buffer.concat(Array.from({ length: 100 }, (_, i) => Buffer.alloc(MIB, 97 + (i % 26))));
    assert.equal(hash.digest("hex"), sha256(expected));
    assert.equal((await ended(service, "line")).status, "Completed");
  });

  it("are followed by somebody who reads slowly without the service holding them", async () => {
    const memory = async () => {
      const { pid } = await service.json<{ pid: number }>("GET", "/healthz");
      return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
    };
    const before = await memory();
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => service.call("GET", `/malachite/v1.0${workspacePath}/runs/line/log`)),
    );
    // Nobody reads: what is sent fills the sockets, and no more is taken from the disk.
    const settled: number[] = [];
    await until("memory to settle", async () => {
      settled.push(await memory());
      await sleep(100);
      const last = settled.slice(-5);
      return last.length === 5 && Math.max(...last) - Math.min(...last) < 8;
    });
    const grown = (settled.at(-1) ?? 0) - before;
    for (const answer of answers) await answer.body?.cancel();
    assert.ok(grown < 150, `ten followers of 100 MB that do not read cost ${grown.toFixed(0)} MB`);
  });
});
