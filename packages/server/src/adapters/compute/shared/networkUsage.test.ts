import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { machineNetwork } from "./networkUsage.ts";

test("the network of the machine is all its cards but loopback", () => {
  const folder = mkdtempSync(join(tmpdir(), "malachite-network-"));
  const file = join(folder, "dev");
  const lines = [
    "Inter-|   Receive                                                |  Transmit",
    " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed",
    "    lo: 5000000    100    0    0    0     0          0         0  5000000    100    0    0    0     0       0          0",
    "  eth0: 1000 10 0 0 0 0 0 0 200 2 0 0 0 0 0 0",
    "wlan0:30 1 0 0 0 0 0 0 4 1 0 0 0 0 0 0",
  ];
  writeFileSync(file, `${lines.join("\n")}\n`);
  assert.deepEqual(machineNetwork(file), { receivedBytes: 1030, sentBytes: 204 });
  assert.equal(machineNetwork(join(folder, "none")), undefined);
  rmSync(folder, { recursive: true });
});
