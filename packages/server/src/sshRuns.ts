// What runs over ssh need of the service, put together for compose: the driver, and who comes in by its ports.
import type { SteadyClock, TargetSettings } from "@malachite/core";
import type { AwayCourier } from "./adapters/compute/courier/index.ts";
import { createSshDriver } from "./adapters/compute/ssh/sshDriver.ts";
import { hostAndPort } from "./addresses.ts";
import type { DataFolder } from "./dataFolder.ts";
import { ENTRIES } from "./entries.ts";
import { createFromRuns } from "./http/auth/fromRuns.ts";

export type SshRunsParts = {
  readonly folder: Pick<DataFolder, "ssh" | "id">;
  readonly courier: AwayCourier;
  readonly clock: SteadyClock;
  /** The socket of an ssh agent, where there is one. */
  readonly agentSocket: string | undefined;
  /** As they are now. */
  readonly targets: () => readonly TargetSettings[];
  /** The service's own address; nothing while it does not listen. */
  readonly url: () => string;
};

/** Connects to nothing. */
export function createSshRuns({ folder, courier, clock, agentSocket, targets, url }: SshRunsParts) {
  const fromRuns = createFromRuns();
  const driver = createSshDriver({
    folder: folder.ssh,
    service: folder.id,
    courier,
    login: { agentSocket },
    home: { address: () => hostAndPort(url()), passed: fromRuns.add },
    clock,
    files: ENTRIES.far,
    targets,
  });
  return { driver, isOfRuns: fromRuns.has };
}
