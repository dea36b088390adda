// A whole driver, as small as one can be: for an engine on whose machines the folder of the runs has the same path as here.
import { setTimeout as pause } from "node:timers/promises";
import {
  type ComputeDriver,
  type Handle,
  inFolder,
  type Launch,
  type LaunchKey,
  type Sighting,
  START_SCRIPT_NAME,
  type SteadyClock,
  type TargetSettings,
} from "@malachite/core";
import { handlesOf } from "../../src/adapters/compute/shared/handles.ts";
import { createLines } from "../../src/adapters/compute/shared/inLine.ts";
import { createLaunchHints } from "../../src/adapters/compute/shared/launchHints.ts";
import { createLocalRunFolder } from "../../src/adapters/compute/shared/localRunFolder.ts";
import { refuseLate } from "../../src/adapters/compute/shared/notLate.ts";
import { placeMounts, removeMounts } from "../../src/adapters/compute/shared/placeMounts.ts";
import { prepareFolder, type RunPlacer } from "../../src/adapters/compute/shared/prepareFolder.ts";
import { prepareCommand } from "../../src/adapters/compute/shared/runEnvironment.ts";
import { createRunsRoot, faultOfRoot } from "../../src/adapters/compute/shared/runsRoot.ts";
import { exists, readExit } from "../../src/adapters/compute/shared/smallFiles.ts";
import { claimOf, takeClaim } from "../../src/adapters/compute/shared/startClaim.ts";
import { createJobsEngine } from "./jobsEngine.ts";
import { faultOfOptions, parseJobsOptions } from "./jobsTarget.ts";

export const KIND = "jobs";
const LOOK_EVERY_MS = 50;
/** All that the driver will know of a run after a restart, besides its key. */
const HANDLES = handlesOf<{ readonly engine: string }>(KIND, 1, ({ engine }) => typeof engine === "string");

export type JobsDriverOptions = {
  /** The folder in which each launch gets one of its own. */
  readonly folder: string;
  readonly placer: RunPlacer;
  /** What runs inherit of the service's environment. */
  readonly inherited: Readonly<Record<string, string>>;
  readonly python: string;
  readonly clock: SteadyClock;
};

/** Opens and starts nothing until its first call. Disposing it ends no run. */
export function createJobsDriver(options: JobsDriverOptions): ComputeDriver & AsyncDisposable {
  const { placer, inherited, python, clock } = options;
  const root = createRunsRoot(options.folder);
  const hints = createLaunchHints();
  const inLine = createLines();
  const engineAt = (folder: string) => createJobsEngine(python, folder);
  const engineOf = (target: TargetSettings) => engineAt(parseJobsOptions(target).engine);

  function follow(key: LaunchKey, engine: string): Handle {
    hints.follow(key, root.folder(key));
    return HANDLES.make(key, { engine });
  }

  function read(handle: Handle) {
    return { engine: engineAt(HANDLES.read(handle).engine), folder: root.folder(handle.key) };
  }

  async function launch({ plan: asked, secrets, startBefore }: Launch, signal: AbortSignal): Promise<Handle> {
    const { key, target } = asked;
    const folder = root.folder(key);
    const plan = inFolder(asked, folder);
    const { env, argv } = prepareCommand({ plan, secrets }, inherited, folder);
    await root.ready();
    const earlier = await find(target, key);
    if (earlier) return earlier;
    // Out of sight first: where two servers are at it, one gets the name.
    await root.makeWhole(key, async (made) => {
      await prepareFolder(made, { ...plan, mounts: undefined }, placer, {}, signal);
      signal.throwIfAborted();
    });
    await placeMounts(folder, plan);
    refuseLate(startBefore, clock);
    // From here on the job may have been taken, whatever the answer is: `find` tells.
    await engineOf(target).submit(
      key,
      ["/bin/sh", `${folder}/${START_SCRIPT_NAME}`, folder, "--", ...argv],
      env,
    );
    return follow(key, parseJobsOptions(target).engine);
  }

  async function find(target: TargetSettings, key: LaunchKey): Promise<Handle | undefined> {
    await root.ready();
    const folder = root.folder(key);
    while (await exists(folder)) {
      const isThere = (await engineOf(target).list()).has(key);
      const claim = await claimOf(folder);
      if (claim === "started" || (claim === undefined && isThere))
        return follow(key, parseJobsOptions(target).engine);
      // Half made by a service that was killed: nothing of it stays. With the claim, nothing of it begins meanwhile.
      if (!(await takeClaim(folder))) continue;
      await removeMounts(folder);
      await root.remove(key);
    }
    return undefined;
  }

  async function stop(handle: Handle, graceMs: number, signal: AbortSignal): Promise<void> {
    const { engine } = read(handle);
    // The time that it has begins when it was told.
    let deadline = graceMs > 0 ? undefined : 0;
    while ((await engine.list()).get(handle.key) === true) {
      signal.throwIfAborted();
      if (deadline === undefined) {
        await engine.signal(handle.key, "TERM");
        deadline = performance.now() + graceMs;
      } else if (performance.now() >= deadline) await engine.signal(handle.key, "KILL");
      await pause(LOOK_EVERY_MS);
    }
  }

  return {
    kind: KIND,
    can: { multiNode: true, images: false, gpus: false },
    async check(target) {
      const reason = faultOfOptions(target) ?? (await faultOfRoot(root));
      if (reason !== undefined) return { usable: false, reason };
      return engineOf(target)
        .list()
        .then(
          () => ({ usable: true }) as const,
          (error: Error) => ({ usable: false, reason: error.message }) as const,
        );
    },
    launch: (asked, signal) => inLine(asked.plan.key, () => root.wrapped(() => launch(asked, signal))),
    find: (target, key) => inLine(key, () => root.wrapped(() => find(target, key))),
    async observe(handles, signal) {
      signal.throwIfAborted();
      const seen = new Map<LaunchKey, Sighting>();
      const engines = Map.groupBy(handles, (handle) => HANDLES.read(handle).engine);
      for (const [engine, some] of engines) {
        // In this order: what does not run now has written its exit record before.
        const jobs = await engineAt(engine).list();
        await root.wrapped(() => root.assertPresent());
        for (const { key } of some) {
          const exit = await readExit(root.folder(key));
          const isThere = jobs.get(key) === true;
          seen.set(key, exit ? { at: "ended", ...exit } : { at: isThere ? "running" : "gone" });
        }
      }
      return seen;
    },
    stop,
    folder: (handle) => createLocalRunFolder(read(handle).folder),
    release: (handle, signal) =>
      inLine(handle.key, () =>
        root.wrapped(async () => {
          await stop(handle, 0, signal);
          hints.drop(handle.key);
          await read(handle).engine.forget(handle.key);
          await root.ready();
          await removeMounts(root.folder(handle.key));
          await root.remove(handle.key);
        }),
      ),
    hints: (signal) => hints.stream(signal),
    async [Symbol.asyncDispose]() {
      hints[Symbol.dispose]();
      await root[Symbol.asyncDispose]();
    },
  };
}
