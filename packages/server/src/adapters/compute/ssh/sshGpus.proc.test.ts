// GPUs of a machine that is reached over ssh: given out there, one run each, with a real ssh server and a tool that tells of GPUs.
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { Handle, LaunchKey, LaunchPlan } from "@malachite/core";
import { type SshDrivers, sshDriversOn } from "../../../../conformance/sshDriverOn.ts";
import {
  type SshServerUnderTest,
  startSshServer,
  withoutSshServer,
} from "../../../../conformance/sshServer.ts";
import type { SshDriver } from "./sshDriver.ts";

const SMI = `#!/bin/sh
case "$1" in
  --query-gpu=index) printf '0\\n3\\n5\\n' ;;
  --query-gpu=*) printf '3, GPU-a, 40, 100, 8000, 70.5, 300\\n5, GPU-b, 7, 200, 8000, [N/A], 300\\n' ;;
esac
`;

describe("GPUs of an ssh target", { skip: withoutSshServer() ?? false }, () => {
  const folder = mkdtempSync(join(tmpdir(), "malachite-ssh-gpus-"));
  const { signal } = new AbortController();
  let server: SshServerUnderTest;
  let drivers: SshDrivers;
  let driver: SshDriver;
  before(async () => {
    server = await startSshServer();
    mkdirSync(join(folder, "bin"));
    const wrapper = `#!/bin/sh\nPATH=${folder}/bin:$PATH exec /usr/bin/python3 "$@"\n`;
    for (const [name, text] of [
      ["nvidia-smi", SMI],
      ["python", wrapper],
    ] as const) {
      writeFileSync(join(folder, "bin", name), text);
      chmodSync(join(folder, "bin", name), 0o755);
    }
    drivers = sshDriversOn(folder, "gpus", folder);
    driver = drivers.make();
  });
  after(async () => {
    await driver?.[Symbol.asyncDispose]();
    await drivers?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  const targetWith = (more: Record<string, unknown>) => {
    const { host, port, user, key, fingerprint } = server;
    const python = join(folder, "bin", "python");
    const options = { host, port, user, key, fingerprint, python, folder: join(folder, "far"), ...more };
    return { name: "lab", kind: "ssh", pool: "lab", options: options as LaunchPlan["target"]["options"] };
  };
  const launch = (name: string, gpusPerNode: number) =>
    driver.launch(
      {
        plan: {
          key: name as LaunchKey,
          target: targetWith({ slots: 9, gpuIds: [3, 5] }),
          argv: ["sh", "-c", 'echo "sees $CUDA_VISIBLE_DEVICES."; sleep 600'],
          environment: {},
          folders: ["outputs"],
          nodes: 1,
          gpusPerNode,
        },
        secrets: {},
      },
      signal,
    );
  async function seen({ key }: Handle): Promise<string> {
    const log = join(folder, "far", "runs", "gpus", key, "user_logs", "std_log.txt");
    for (const until = Date.now() + 60_000; Date.now() < until; await pause(20)) {
      const found = /sees (.*)\./.exec(readFileSync(log, "utf8"));
      if (found) return found[1] ?? "";
    }
    return assert.fail(`${key} said nothing`);
  }

  it("are given to one run each, are told of, and are free again when it is released", async () => {
    const first = await launch("first", 1);
    const second = await launch("second", 1);
    const none = await launch("none", 0);
    assert.deepEqual([await seen(first), await seen(second), await seen(none)], ["3", "5", ""]);
    await assert.rejects(launch("third", 1), /has 0 of 1 GPUs free/);
    const used = await driver.usage?.(
      [first, second, none].map((handle) => ({ handle })),
      signal,
    );
    assert.deepEqual(used?.get(first.key)?.gpus, [
      {
        gpu: 3,
        utilizationPercent: 40,
        powerWatts: 70.5,
        powerLimitWatts: 300,
        memoryBytes: 100 * 2 ** 20,
        memoryLimitBytes: 8000 * 2 ** 20,
      },
    ]);
    assert.equal(used?.get(second.key)?.gpus?.[0]?.powerWatts, undefined);
    assert.equal(used?.get(none.key)?.gpus, undefined);
    await driver.release(first, signal);
    const third = await launch("third", 1);
    assert.equal(await seen(third), "3");
    for (const handle of [second, none, third]) await driver.release(handle, signal);
  });

  it("must be there, where the machine tells of its GPUs", async () => {
    const check = async (more: Record<string, unknown>) => {
      const health = await driver.check(targetWith(more), signal);
      return health.usable ? "usable" : health.reason;
    };
    assert.equal(await check({ gpuIds: [3, 5] }), "usable");
    assert.match(await check({ gpus: 3 }), /tells of GPU 1, 2 there; nvidia-smi there tells of 0, 3, 5\.$/);
  });
});
