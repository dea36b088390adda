// The machine that the service runs on.
import { readFile, statfs } from "node:fs/promises";
import { availableParallelism, freemem, loadavg, totalmem } from "node:os";
import type { Machine } from "@malachite/core";

/** `folder` is where the disk is measured. */
export const systemMachine = (folder: string): Machine => ({
  async facts() {
    try {
      const [disk, memoryFreeBytes] = await Promise.all([statfs(folder), memoryFree()]);
      return {
        cpus: availableParallelism(),
        loadAverage: Math.round((loadavg()[0] ?? 0) * 100) / 100,
        memoryBytes: totalmem(),
        memoryFreeBytes,
        diskBytes: disk.blocks * disk.bsize,
        diskFreeBytes: disk.bavail * disk.bsize,
      };
    } catch {
      return undefined; // Facts for people: nothing depends on them.
    }
  },
});

/** Linux counts what it would give back at once, as files that it has read; others tell only what nobody uses. */
async function memoryFree(): Promise<number> {
  const text = await readFile("/proc/meminfo", "utf8").catch(() => "");
  const [, kilobytes] = /^MemAvailable:\s+(\d+) kB$/m.exec(text) ?? [];
  return kilobytes === undefined ? freemem() : Number(kilobytes) * 1024;
}
