// What drivers under test have in common: they are restarted, lose their engine, and are let go of.
import { readdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ComputeDriver, isLaunchKey, type LaunchKey, type TargetSettings } from "@malachite/core";
import { createLaunchMarks, type LaunchMarks } from "../src/adapters/compute/shared/launchMarks.ts";
import type { RunPlacer } from "../src/adapters/compute/shared/prepareFolder.ts";
import type { DriverUnderTest } from "./computeDriver.ts";

/** For projects that hold nothing. */
export const EMPTY_PLACER: RunPlacer = { place: async () => {}, placeFiles: async () => {} };

/** The marks of a service of that name. */
export const marksOf = (service: string, now: () => number = Date.now): LaunchMarks =>
  createLaunchMarks({ service, secret: Buffer.from(service), clock: { now } });

export type DriverSubject = {
  /** Its options hold for every launch, beside those that the suite changes. */
  readonly target: TargetSettings;
  /** The suite knows of no images: each of its launches gets this one. */
  readonly image?: string;
  /** What of its folder comes home by itself, where it lies on another machine. */
  readonly home?: readonly string[];
  /** What the service tells every run besides. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly secrets?: Readonly<Record<string, string>>;
  make(placer?: RunPlacer): ComputeDriver & AsyncDisposable;
  /** The folder in which launches are found by their keys when all is over. */
  readonly runs: string;
  /** Where the folder of a run is that can be written to; below `runs` unless told. */
  folder?(key: LaunchKey): string;
  /** Makes the engine unreachable, and reachable again. */
  readonly away?: { shut(): Promise<void>; open(): Promise<void> };
  /** When nothing of the launches is left and no driver is there any more. */
  end(): Promise<void>;
};

/** Without the file or folder the driver knows nothing. */
export const movedAway = (path: string): DriverSubject["away"] => ({
  shut: () => rename(path, `${path}.away`),
  open: () => rename(`${path}.away`, path),
});

export function driverUnderTest(subject: DriverSubject): DriverUnderTest {
  const { target, runs, away, folder = (key) => join(runs, key) } = subject;
  const make = (placer?: RunPlacer) => withOwn(subject.make(placer), subject);
  let made = make();
  async function release(key: LaunchKey): Promise<void> {
    const { signal } = new AbortController();
    const handle = await made.find(target, key, signal);
    if (handle !== undefined) await made.release(handle, signal);
  }
  return {
    driver: made,
    target,
    async restart() {
      await made[Symbol.asyncDispose]();
      made = make();
      return made;
    },
    another: make,
    write: (key, path, text) => writeFile(join(folder(key), "project", path), text),
    ...(away && {
      async withoutEngine(work: () => Promise<void>) {
        await away.shut();
        try {
          await work();
        } finally {
          await away.open();
        }
      },
    }),
    async [Symbol.asyncDispose]() {
      await Promise.all((await readdir(runs)).filter(isLaunchKey).map(release));
      await made[Symbol.asyncDispose]();
      await subject.end();
    },
  };
}

function withOwn<T extends ComputeDriver>(
  driver: T,
  { target: own, image, home, ...told }: DriverSubject,
): T {
  const whole = (target: TargetSettings): TargetSettings => ({
    ...target,
    options: { ...own.options, ...target.options },
  });
  const planned = {
    ...(image === undefined ? {} : { image: { reference: image, arguments: [] } }),
    ...(home === undefined ? {} : { away: { home, folders: [] } }),
  };
  const changed: Pick<ComputeDriver, "check" | "find" | "launch"> = {
    check: (target, signal) => driver.check(whole(target), signal),
    find: (target, key, signal) => driver.find(whole(target), key, signal),
    launch({ plan, secrets, ...more }, signal) {
      const environment = { ...told.environment, ...plan.environment };
      const asked = { ...planned, ...plan, target: whole(plan.target), environment };
      return driver.launch({ plan: asked, secrets: { ...told.secrets, ...secrets }, ...more }, signal);
    },
  };
  return { ...driver, ...changed };
}
