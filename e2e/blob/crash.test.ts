// The server is killed with -9 while blobs are written: what was acknowledged is there, whole, and nothing else is.
import assert from "node:assert/strict";
import { it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { random } from "../support/random.ts";
import { Service, workspacePath } from "../support/service.ts";
import { crashWriters } from "./crashWriters.ts";

const ROUNDS = 6;

it("kill -9 loses nothing that was acknowledged", { timeout: 600_000 }, async () => {
  await using service = await Service.start();
  const blobs = await crashWriters(service, "dcid.crash");
  const chance = random(7);
  for (let round = 0; round < ROUNDS; round += 1) {
    const writing = blobs.write();
    await writing.gotOn();
    await sleep(chance() * 600);
    await service.kill();
    await writing.over;
    await service.start();

    const lines = await blobs.check();
    const file = await service.call(
      "GET",
      `/artifact/v2.0${workspacePath}/artifacts/content/ExperimentRun/dcid.crash/log`,
    );
    assert.equal(
      await file.text(),
      lines.map((line) => `${line}\n`).join(""),
      "the artifact is the same file",
    );
    const told = (await fetch(blobs.log, { method: "HEAD" })).headers.get("x-ms-blob-committed-block-count");
    assert.equal(told, String(lines.length));
  }
  const committed = await blobs.commit();
  assert.ok(committed > ROUNDS, `${committed} blocks`);
});
