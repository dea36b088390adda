// What a command in a container says is had whole, also where the connection on which it is heard breaks. With a real Podman, behind a
// socket that cuts such connections.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import {
  type EngineUnderTest,
  startContainerEngine,
  withoutEngine,
} from "../../../../conformance/containerEngine.ts";
import { createEngines } from "../../../containers/index.ts";
import { runOnce } from "./runOnce.ts";

const { signal } = new AbortController();

/** A socket that leads to the engine, on which an attachment ends with its answer's head. */
async function cutAttachments(from: string, to: string): Promise<Server> {
  const server = createServer((near) => {
    const far = connect(to);
    let asked = "";
    near.on("data", (chunk) => (asked += asked.length < 1000 ? chunk : ""));
    far.once("data", (head) => {
      if (/^POST \S*\/attach/.test(asked)) {
        near.end(head.subarray(0, head.indexOf("\r\n\r\n") + 4));
        return void far.destroy();
      }
      near.write(head);
      far.pipe(near);
    });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const)
      one.on("error", () => other.destroy()).on("close", () => other.destroy());
    near.pipe(far);
  }).listen(from);
  await once(server, "listening");
  return server;
}

describe("a command in a container", { skip: withoutEngine("podman") ?? false, timeout: 300_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "malachite-once-"));
  let podman: EngineUnderTest;
  let cutting: Server;
  before(async () => {
    podman = await startContainerEngine("podman");
    cutting = await cutAttachments(join(folder, "cut.sock"), podman.socket);
  });
  after(async () => {
    cutting?.close();
    await podman?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  for (const [title, cut] of [
    ["is heard while it runs, and had whole", false],
    ["is had whole, and heard late, where the connection on which it is heard breaks", true],
  ] as const)
    it(title, async () => {
      const engine = await createEngines({}).at(cut ? join(folder, "cut.sock") : podman.socket);
      const heard: string[] = [];
      const { code, output } = await runOnce(
        engine,
        {
          ...{
            image: podman.image,
            user: "0",
            service: "once-under-test",
            network: "none",
            arguments: ["a b"],
          },
          script: 'echo "first $1"; echo then; exit 3',
          hear: (text) => heard.push(text),
        },
        signal,
      );
      assert.deepEqual([code, output, heard.join("")], [3, "first a b\nthen\n", "first a b\nthen\n"]);
    });
});
