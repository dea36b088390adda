// What has come and gone over the network of this machine. Linux only.
import { readFileSync } from "node:fs";
import type { NetworkUsage } from "@malachite/core";

/** Undefined where the system does not tell. What stays on the machine is not counted. */
export function machineNetwork(file = "/proc/net/dev"): NetworkUsage | undefined {
  let text: string;
  try {
    text = readFileSync(file, "latin1");
  } catch {
    // Another system, or one that hides it.
    return undefined;
  }
  let [receivedBytes, sentBytes] = [0, 0];
  for (const line of text.split("\n")) {
    const [, card, numbers = ""] = /^\s*([^\s:]+):\s*(.*)$/.exec(line) ?? [];
    if (card === undefined || card === "lo") continue;
    const fields = numbers.split(/\s+/).map(Number);
    receivedBytes += fields[0] ?? 0;
    sentBytes += fields[8] ?? 0;
  }
  return { receivedBytes, sentBytes };
}
