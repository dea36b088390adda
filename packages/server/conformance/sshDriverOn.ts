// The ssh driver of a service whose runs bring no projects and no data, as tests of it need it.
import { join } from "node:path";
import type { SteadyClock } from "@malachite/core";
import { createSshDriver, type SshDriver } from "../src/adapters/compute/ssh/sshDriver.ts";
import { systemClock } from "../src/adapters/system/clock.ts";
import { ENTRIES } from "../src/entries.ts";
import { courierIn } from "./courierUnderTest.ts";

/** `make` gives a driver of the same service, as after each restart. Disposing it ends none of them. */
export type SshDrivers = AsyncDisposable & { make(clock?: SteadyClock): SshDriver };

/** `folder`: the service's own. `home`: that of the user who logs in, where it is not the one of this process. */
export function sshDriversOn(folder: string, service: string, home?: string): SshDrivers {
  const courier = courierIn(folder);
  return {
    make: (clock = systemClock) =>
      createSshDriver({
        folder: join(folder, "home"),
        service,
        login: { agentSocket: undefined, ...(home === undefined ? {} : { home }) },
        clock,
        files: ENTRIES.far,
        courier,
      }),
    [Symbol.asyncDispose]: () => courier[Symbol.asyncDispose](),
  };
}
