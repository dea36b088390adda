// Ends what the runs of a test's service have left running: runs outlive their server on purpose, but not their test.
import { readdirSync, readFileSync } from "node:fs";

/** Kills every process whose environment or command line names the data folder, until there is none. Linux only. */
export function killRunsOf(data: string): void {
  // A tree that forks while it is killed is smaller after each round.
  for (let round = 0; round < 50; round++) {
    const found = processesNaming(data);
    if (found.length === 0) return;
    killAll(found);
  }
}

/** In order. Those that have ended meanwhile are passed over: one may end as another does. */
export function killAll(pids: readonly number[], signal: NodeJS.Signals = "SIGKILL"): void {
  for (const pid of pids)
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
}

/** Processes, other than this one, whose environment or command line holds the text. None where there is no /proc. */
export function processesNaming(text: string): number[] {
  if (process.platform !== "linux") return [];
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map(Number)
    .filter((pid) => {
      try {
        const about = `${readFileSync(`/proc/${pid}/environ`)}\0${readFileSync(`/proc/${pid}/cmdline`)}`;
        return about.includes(text) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
      } catch {
        // It has ended meanwhile, or belongs to somebody else.
        return false;
      }
    });
}
