import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { getEventListeners } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, it } from "node:test";
import { isMalachiteError } from "@malachite/core";
import { tarOf } from "./getImage.ts";
import { EngineFailed, followProgress } from "./progress.ts";
import { baseImage, registryOf } from "./reference.ts";
import { createSharedWork } from "./sharedWork.ts";

const signal = new AbortController().signal;

describe("names of images", () => {
  const registry = (address: string) => ({
    environment: { docker: { baseImageRegistry: { address, username: "me" } } },
    registryPassword: "pw",
  });

  it("get a tag, and the registry of the definition where they name none", () => {
    const bare = { environment: {} };
    assert.deepEqual(baseImage("python", bare), { reference: "python:latest" });
    assert.deepEqual(baseImage("python:3.12", bare), { reference: "python:3.12" });
    assert.deepEqual(baseImage("localhost:5000/a/b", bare), { reference: "localhost:5000/a/b:latest" });
    assert.equal(
      baseImage("team/a:1", registry("https://reg.example.org/")).reference,
      "reg.example.org/team/a:1",
    );
    assert.equal(registryOf("team/a:1"), "docker.io");
  });

  it("send credentials to their own registry alone", () => {
    assert.deepEqual(baseImage("reg.example.org/a:1", registry("reg.example.org")).credentials, {
      username: "me",
      password: "pw",
      serveraddress: "reg.example.org",
    });
    assert.throws(
      () => baseImage("other.example.org/a:1", registry("reg.example.org")),
      (error) =>
        isMalachiteError(error) && /other\.example\.org/.test(error.message) && !/pw/.test(error.message),
    );
  });

  it("are refused when they are none", () => {
    for (const given of ["a b", "A/b", "a:b:c", "../a", "--x", "a\n"])
      assert.throws(() => baseImage(given, { environment: {} }), isMalachiteError, given);
  });
});

describe("what an engine tells", () => {
  const follow = async (...steps: object[]) => {
    const said: string[] = [];
    const text = steps.map((step) => `${JSON.stringify(step)}\r\n`).join("");
    const pieces = [text.slice(0, 7), text.slice(7)];
    const error = await followProgress(
      Readable.from(pieces.map((piece) => Buffer.from(piece))),
      (line) => said.push(line),
      signal,
    ).catch((thrown: unknown) => thrown);
    return { said, error };
  };

  it("is said once for each step of a layer, not for each byte", async () => {
    const { said } = await follow(
      { status: "Pulling from library/x", id: "1" },
      { status: "Downloading", id: "aa", progressDetail: { current: 1, total: 9 } },
      { status: "Downloading", id: "aa", progressDetail: { current: 5, total: 9 } },
      { status: "Pull complete", id: "aa" },
      { stream: "\u001b[91mred\u001b[0m\n" },
    );
    assert.deepEqual(said, ["1: Pulling from library/x", "aa: Downloading", "aa: Pull complete", "red"]);
  });

  it("fails in the engine's words, with what was said before", async () => {
    const { error, said } = await follow(
      { stream: "Step 1\n" },
      { errorDetail: { message: "no space left" } },
    );
    assert.ok(error instanceof EngineFailed);
    assert.equal(error.message, "Step 1\nno space left");
    assert.deepEqual(said, ["Step 1", "no space left"]);
  });
});

describe("work that several wait for", () => {
  it("is done once, heard whole by all, and called off when nobody waits any more", async () => {
    const shared = createSharedWork<number>();
    let begun = 0;
    let finish = (_: number): void => {};
    const work = (say: (line: string) => void, until: AbortSignal) => {
      begun++;
      say("one");
      return new Promise<number>((resolve, reject) => {
        finish = resolve;
        until.addEventListener("abort", () => reject(until.reason), { once: true });
      });
    };
    const heard = ["", ""];
    const wait = (index: number, off: AbortSignal) =>
      shared(
        "k",
        work,
        async (text) => {
          heard[index] += text;
        },
        off,
      );
    const off = new AbortController();
    const first = wait(0, off.signal);
    await new Promise(setImmediate);
    const second = wait(1, signal);
    await new Promise(setImmediate);
    off.abort(new Error("gone"));
    await assert.rejects(first, /gone/);
    finish(7);
    assert.equal(await second, 7);
    assert.deepEqual([begun, heard], [1, ["one\n", "one\n"]]);
    const last = new AbortController();
    const third = wait(0, last.signal);
    await new Promise(setImmediate);
    last.abort(new Error("all gone"));
    await assert.rejects(third, /all gone/);
    assert.equal(begun, 2);
  });

  it("leaves no listener at the signal of a service that asks again and again", async () => {
    const shared = createSharedWork<number>();
    const { signal } = new AbortController();
    const ask = (work: () => Promise<number>) => shared("k", work, async () => {}, signal);
    assert.equal(await ask(async () => 1), 1);
    await assert.rejects(
      ask(async () => {
        throw new Error("no");
      }),
      /no/,
    );
    assert.equal(getEventListeners(signal, "abort").length, 0);
  });

  it("misses nothing that is said while what was said before is still being written", async () => {
    const shared = createSharedWork<number>();
    const finish = Promise.withResolvers<number>();
    let say = (_: string): void => {};
    const work = (saying: (line: string) => void) => {
      say = saying;
      say("one");
      return finish.promise;
    };
    const written = Promise.withResolvers<void>();
    const first = shared("k", work, async () => {}, signal);
    await new Promise(setImmediate);
    let heard = "";
    const slow = async (text: string) => {
      heard += text;
      await written.promise;
    };
    const second = shared("k", work, slow, signal);
    say("two");
    written.resolve();
    finish.resolve(3);
    assert.deepEqual(await Promise.all([first, second]), [3, 3]);
    assert.equal(heard, "one\ntwo\n");
  });
});

describe("the context of a build", () => {
  it("is a tar that holds the Dockerfile alone", (t) => {
    const folder = mkdtempSync(join(tmpdir(), "malachite-tar-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const text = `FROM x\n${"# ü\n".repeat(300)}`;
    execFileSync("tar", ["-x", "-C", folder], { input: tarOf("Dockerfile", text) });
    assert.equal(readFileSync(join(folder, "Dockerfile"), "utf8"), text);
  });
});
