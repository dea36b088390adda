// A log that a program appends to, rotates, cuts and overwrites while it is followed, in a real folder.
import assert from "node:assert/strict";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import {
  createFlow,
  type FlowPorts,
  type LogEvent,
  type LogPlace,
  parseLogPlace,
  printLogPlace,
  type Run,
  RunNews,
  seamOf,
} from "@malachite/core";
import { createArtifactStore } from "../src/adapters/blobs/folder/artifactStore.ts";
import { createLocalRunFolder } from "../src/adapters/compute/shared/localRunFolder.ts";
import { systemClock } from "../src/adapters/system/clock.ts";
import { SCOPE } from "./scriptedService.ts";

const LOG = "logs/app.log";

/** A run whose folder the test writes in, and a follower of its log. */
class Following implements AsyncDisposable {
  readonly root = mkdtempSync(join(tmpdir(), "malachite-follow-"));
  readonly file = join(this.root, "project", LOG);
  readonly artifacts = createArtifactStore({ folder: join(this.root, "store") });
  readonly events: LogEvent[] = [];
  run: Run;
  readonly #news = new RunNews();
  readonly #stop = new AbortController();
  #over: Promise<void> = Promise.resolve();

  constructor() {
    mkdirSync(join(this.root, "project/logs"), { recursive: true });
    const handle = { key: "k", kind: "here", version: 1, state: "" };
    this.run = {
      scope: SCOPE,
      id: "r",
      origin: "hosted",
      version: 1,
      dataContainerId: "dcid.r",
      life: { status: "Running", attempt: 1, handle },
    } as unknown as Run;
  }

  flow() {
    const driver = { folder: () => createLocalRunFolder(this.root) };
    return createFlow({
      artifacts: this.artifacts,
      runs: { get: async () => this.run },
      targets: { driver: () => driver },
      clock: systemClock,
      news: this.#news,
      settings: { namedDatastores: {} },
    } as unknown as FlowPorts);
  }

  begin(from: LogPlace = { offset: 0 }): this {
    const ask = { path: LOG, from, signal: this.#stop.signal };
    this.#over = (async () => {
      for await (const event of this.flow().followLog({ scope: SCOPE, runId: "r" }, ask))
        this.events.push(event);
    })();
    return this;
  }

  /** The log as a reader has it who begins anew when told to. */
  get shown(): string {
    return this.told.at(-1) ?? "";
  }

  /** One text for each time the log began. */
  get told(): string[] {
    const texts: Buffer[][] = [[]];
    for (const event of this.events) {
      if (event.kind === "restart") texts.push([]);
      if (event.kind === "log") texts.at(-1)?.push(Buffer.from(event.bytes));
    }
    return texts.map((parts) => Buffer.concat(parts).toString());
  }

  get reasons(): string[] {
    return this.events.flatMap((event) => (event.kind === "restart" ? [event.reason] : []));
  }

  async until(shown: string): Promise<void> {
    const deadline = Date.now() + 60_000;
    while (this.shown !== shown) {
      assert.ok(Date.now() < deadline, `${JSON.stringify(this.told)}, not ${JSON.stringify(shown)} at last`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** The run ends: its log moves into the store. */
  async end(): Promise<void> {
    await this.artifacts.put(SCOPE, "dcid.r", LOG, { takeFile: this.file }, { overwrite: true });
    this.run = { ...this.run, version: 2, life: { ...this.run.life, status: "Completed" } };
    this.#news.changed(this.run);
    await this.#over;
  }

  /** The place behind the last piece, as its event's id tells it. */
  get place(): LogPlace {
    let [seam, at, identity] = [new Uint8Array() as Uint8Array, 0, ""];
    for (const event of this.events) {
      if (event.kind !== "log") continue;
      seam = seamOf(event.before, event.bytes);
      [at, identity] = [event.to, event.identity];
    }
    return parseLogPlace(printLogPlace(at, identity, seam)) as LogPlace;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#over;
    rmSync(this.root, { recursive: true, force: true });
  }
}

describe("a followed log", () => {
  it("shows what is appended, also across the move into the store, and each byte once", async () => {
    await using following = new Following().begin();
    writeFileSync(following.file, "one\n");
    await following.until("one\n");
    appendFileSync(following.file, "two\n");
    await following.until("one\ntwo\n");
    appendFileSync(following.file, "three\n");
    await following.end();
    assert.deepEqual(following.told, ["one\ntwo\nthree\n"]);
    assert.deepEqual(following.events.at(-1), { kind: "end", status: "Completed", to: 14 });
  });

  it("that is renamed and begun anew is read to its end first, then from its beginning", async () => {
    await using following = new Following().begin();
    writeFileSync(following.file, "old\n");
    await following.until("old\n");
    appendFileSync(following.file, "last words\n");
    renameSync(following.file, `${following.file}.1`);
    appendFileSync(`${following.file}.1`, "after the rename\n");
    writeFileSync(following.file, "a new log that is longer than the old one was\n");
    await following.until("a new log that is longer than the old one was\n");
    assert.deepEqual(following.reasons, ["replaced"]);
    assert.equal(following.told[0], "old\nlast words\nafter the rename\n");
  });

  it("that is removed and made again later begins anew", async () => {
    await using following = new Following().begin();
    writeFileSync(following.file, "old\n");
    await following.until("old\n");
    rmSync(following.file);
    // No inode is used again while the follower holds the old one open.
    await new Promise((resolve) => setTimeout(resolve, 300));
    writeFileSync(following.file, "new\n");
    await following.until("new\n");
    assert.deepEqual([following.told, following.reasons], [["old\n", "new\n"], ["replaced"]]);
  });

  it("that is cut, as by copytruncate, begins anew", async () => {
    await using following = new Following().begin();
    writeFileSync(following.file, "0123456789\n");
    await following.until("0123456789\n");
    truncateSync(following.file, 0);
    appendFileSync(following.file, "short\n");
    await following.until("short\n");
    assert.deepEqual(following.reasons, ["shrunk"]);
  });

  it("that is overwritten by something longer, or as long, between two looks begins anew", async () => {
    await using following = new Following().begin();
    writeFileSync(following.file, "12345\n");
    await following.until("12345\n");
    // In place: writeFile empties it first, which a look at that moment would see.
    writeFileSync(following.file, "abcde\nand more than there was\n", { flag: "r+" });
    await following.until("abcde\nand more than there was\n");
    writeFileSync(following.file, "ABCDE\nand more than there was\n", { flag: "r+" });
    await following.until("ABCDE\nand more than there was\n");
    assert.deepEqual(following.reasons, ["rewritten", "rewritten"]);
  });

  it("goes on from a place, and begins anew when the log is another one by then", async () => {
    const place = async (after: (file: string) => void) => {
      const first = new Following().begin();
      const text = `${"x".repeat(3000)} 12345\n`;
      writeFileSync(first.file, text);
      await first.until(text);
      const at = first.place;
      after(first.file);
      const events: LogEvent[] = [];
      const stop = new AbortController();
      for await (const event of first
        .flow()
        .followLog({ scope: SCOPE, runId: "r" }, { path: LOG, from: at, signal: stop.signal })) {
        events.push(event);
        if (event.kind === "log") stop.abort();
      }
      await first[Symbol.asyncDispose]();
      return events.flatMap((event) =>
        event.kind === "status"
          ? []
          : [event.kind === "log" ? event.from : event.kind === "restart" && event.reason],
      );
    };
    assert.deepEqual(await place((file) => appendFileSync(file, "more\n")), [3007]);
    assert.deepEqual(
      await place((file) => {
        renameSync(file, `${file}.1`);
        writeFileSync(file, readFileSync(`${file}.1`));
      }),
      ["replaced", 0],
    );
    assert.deepEqual(await place((file) => writeFileSync(file, "12")), ["shrunk", 0]);
    assert.deepEqual(await place((file) => writeFileSync(file, "y".repeat(5000))), ["rewritten", 0]);
  });

  it("ends as the file ends, whatever a program does to it at random", async () => {
    await using following = new Following().begin();
    let text = "";
    let serial = 0;
    for (let turn = 0; turn < 60; turn += 1) {
      const piece = `${turn} ${"abc".repeat((turn * 7) % 50)}\n`;
      if (turn === 0) writeFileSync(following.file, "");
      switch ((turn * 13) % 5) {
        case 0:
          renameSync(following.file, `${following.file}.${serial++}`);
          writeFileSync(following.file, piece);
          text = piece;
          break;
        case 1:
          writeFileSync(following.file, piece);
          text = piece;
          break;
        case 2:
          writeFileSync(following.file, `${piece}${text}`);
          text = `${piece}${text}`;
          break;
        default:
          appendFileSync(following.file, piece);
          text += piece;
      }
      if (turn % 3 === 0) await following.until(text);
    }
    await following.until(text);
    await following.end();
    assert.equal(following.shown, text);
  });
});
