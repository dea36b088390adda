// GPUs of a machine that is reached over ssh: the line counts them, the machine gives them out, and who waits is told for what.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { type SshServerUnderTest, startSshServer, withoutSshServer } from "@malachite/server/conformance";
import { Home } from "../support/cli.ts";
import { cancel, endAll, ended, getRun, says, submit } from "../support/runs.ts";
import { Service, until } from "../support/service.ts";

const WAITS = `
import os, time
print("sees", os.environ["CUDA_VISIBLE_DEVICES"], flush=True)
time.sleep(600)
`;
const wish = (devices: string) => ({ environmentVariables: { CUDA_VISIBLE_DEVICES: devices } });

describe("GPUs over ssh", { skip: withoutSshServer() ?? false, timeout: 600_000 }, () => {
  const home = new Home();
  let ssh: SshServerUnderTest;
  let service: Service;
  before(async () => {
    ssh = await startSshServer();
    const { host, port, user, key, fingerprint } = ssh;
    const machine = { kind: "ssh", host, port, user, key, fingerprint };
    const far = { ...machine, gpuIds: [3, 5], slots: 5, folder: join(home.folder, "far") };
    const settings = join(home.folder, "malachite.json");
    // The same machine by another name: neither line knows what the other has given away.
    writeFileSync(settings, JSON.stringify({ target: { far, same: far } }));
    service = await Service.start({ flags: ["--settings", settings] });
    home.env = { MALACHITE_ENDPOINT: service.url };
  });
  after(async () => {
    await service?.[Symbol.asyncDispose]();
    await ssh?.[Symbol.asyncDispose]();
    await home[Symbol.asyncDispose]();
  });

  let started: string[] = [];
  const start = async (target: string, devices: string) => {
    const runId = await submit(service, {
      files: { "main.py": WAITS },
      configuration: { target, ...wish(devices) },
    });
    started.push(runId);
    return runId;
  };
  const seenBy = async (runId: string) => {
    return /^sees (.*)$/m.exec(await says(service, runId, /^sees .*$/m))?.[1];
  };
  const whyWith = async (runId: string, words: RegExp) => {
    let told = "";
    await until("the reason", async () => {
      told = (await home.run("why", runId)).stdout;
      return words.test(told);
    }).catch((error: Error) => assert.fail(`${error.message} It said: ${told}`));
    return told;
  };
  const end = async (...runIds: string[]) => {
    for (const runId of runIds) await cancel(service, runId);
    for (const runId of runIds) await ended(service, runId);
  };
  // What a test that failed has left must not keep the GPUs from the next.
  afterEach(async () => {
    await endAll(service, started);
    started = [];
  });

  it("are waited for in the line, past which a run that needs none goes", async () => {
    const first = await start("far", "0");
    assert.equal(await seenBy(first), "3");
    const both = await start("far", "0,1");
    const behind = await start("far", "0");
    const none = await start("far", "-1");
    assert.equal(await seenBy(none), "");
    const told = await whyWith(both, /GPU/);
    assert.match(told, /It needs 2 GPUs; of 2 1 is free; the others are held by/);
    assert.match(told, new RegExp(first));
    assert.match(await whyWith(behind, /GPU/), /1 run is served before it/);
    assert.deepEqual(
      [(await getRun(service, both)).status, (await getRun(service, behind)).status],
      ["NotStarted", "NotStarted"],
    );
    const { stdout } = await home.run("target", "list");
    assert.match(stdout, /far .* 1 of 2/);
    await end(first);
    assert.equal(await seenBy(both), "3,5");
    await end(both);
    assert.equal(await seenBy(behind), "3");
  });

  it("are not given twice where another target has the same machine: the reason is the machine's, and is told", async () => {
    const first = await start("far", "0,1");
    assert.equal(await seenBy(first), "3,5");
    const second = await start("same", "0");
    assert.match(
      await whyWith(second, /GPU/),
      /It is being handed to the compute target 'same'\. It is tried again, for the last try was refused: No machine of the target 'same' takes the run now: .* has 0 of 1 GPUs free/,
    );
    await end(first);
    assert.equal(await seenBy(second), "3");
  });
});
