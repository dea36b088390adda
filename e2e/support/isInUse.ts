// Whether a run uses an environment that a machine keeps: the lock beside it is held by the run's processes.
import { spawnSync } from "node:child_process";

const LOOK = `
import fcntl, sys
try:
    fcntl.flock(open(sys.argv[1] + ".use", "r+"), fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    sys.exit(3)
`;

/** Throws what python says where nothing shows whether it is. */
export function isInUse(environment: string): boolean {
  const { status, stderr } = spawnSync("python3", ["-c", LOOK, environment], { encoding: "utf8" });
  if (status !== 0 && status !== 3) throw new Error(stderr);
  return status === 3;
}
