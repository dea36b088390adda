// Mounts of remote storages for tests: of this machine, or of one that has none.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLauncher } from "../src/adapters/compute/process/launcher.ts";
import { createOutliving } from "../src/adapters/compute/process/outliving.ts";
import { createRemoteMounts, type RemoteMounts } from "../src/adapters/data/index.ts";
import { ENTRIES, NODE_ARGS } from "../src/entries.ts";

/** Of a machine where nothing can be mounted. */
export const noMounts: RemoteMounts = {
  fault: async () => "rclone is not on the service's PATH",
  shown: async () => undefined,
  show: async () => {
    throw new Error("There is no rclone.");
  },
  takeOff: async () => undefined,
};

export type MountsUnderTest = AsyncDisposable & {
  /** Each as another service has it: nothing of one is known to another. */
  mounts(): RemoteMounts;
};

/** Real ones. Ends no mount. */
export function mountsHere(): MountsUnderTest {
  const mark = mkdtempSync(join(tmpdir(), "malachite-launcher-"));
  const launcher = createLauncher({ entry: ENTRIES.launcher, nodeArgs: NODE_ARGS, mark });
  const { PATH = "", HOME = "" } = process.env;
  return {
    mounts: () =>
      createRemoteMounts({ processes: createOutliving(launcher), path: PATH, env: { PATH, HOME } }),
    async [Symbol.asyncDispose]() {
      await launcher[Symbol.asyncDispose]();
      rmSync(mark, { recursive: true, force: true });
    },
  };
}

/** Why nothing can be mounted on this machine; for tests that are skipped there. */
export const withoutMounts = async (): Promise<string | undefined> => {
  await using here = mountsHere();
  return here.mounts().fault(false);
};
