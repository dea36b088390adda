// The driver of machines that are reached over ssh: each launch is a folder on one of them, and a mirror of its files here.
import {
  type Clock,
  type ComputeDriver,
  type Handle,
  isMalachiteError,
  type Launch,
  type LaunchKey,
  type LaunchPlan,
  MalachiteError,
  type MeasuredRun,
  parseExitRecord,
  type Sighting,
  type TargetSettings,
  type Usage,
  withGpus,
} from "@malachite/core";
import type { AwayCourier } from "../courier/index.ts";
import { tooLong } from "../shared/argumentLengths.ts";
import { createLines } from "../shared/inLine.ts";
import { createLaunchHints } from "../shared/launchHints.ts";
import { createRunsRoot, faultOfRoot } from "../shared/runsRoot.ts";
import { choosePlace, lackOf } from "./choosePlace.ts";
import { courierEntries } from "./courierEntries.ts";
import type { FarHost } from "./farHost.ts";
import { FarRefused } from "./farLink.ts";
import { pushFiles } from "./farParcel.ts";
import { createFollowedRuns, type FollowedOptions } from "./followedRuns.ts";
import { wrapped } from "./mirroredFolder.ts";
import { unavailable } from "./openSsh.ts";
import { KIND, readHandle, readNote, type SshState, type Started, wayOf, writeNote } from "./sshHandle.ts";
import { faultOfOptions, parseSshOptions } from "./sshTarget.ts";
import { needsTunnel, throughTunnel } from "./tunnel.ts";

export type SshDriverOptions = FollowedOptions & {
  /** Packs what runs are made of. */
  readonly courier: Pick<AwayCourier, "pack" | "forget" | "listing" | "content" | "program">;
  /** Absolute path of the folder in which the mirrors of launches lie. */
  readonly folder: string;
  readonly clock: Clock;
};

/** The ssh driver. Disposing it ends no run: it only lets go of connections. */
export type SshDriver = ComputeDriver & AsyncDisposable;

type Sight = {
  readonly key: LaunchKey;
  readonly alive: boolean;
  readonly claimed: boolean;
  readonly exit?: string;
  readonly lost?: true;
  readonly phase?: string;
  readonly error?: string;
};

const SEEN_AT_ONCE = 500;
/** Whatever waits for processes to end takes as long as it takes; that the connection ends is told anyway. */
const UNHURRIED = {};

/** Connects to nothing until its first call. */
export function createSshDriver(options: SshDriverOptions): SshDriver {
  const { clock, courier } = options;
  const root = createRunsRoot(options.folder);
  const hints = createLaunchHints();
  const inLine = createLines();
  const followed = createFollowedRuns(root, hints, options);
  const { hostOf, follow, forget } = followed;

  async function launch({ plan, secrets }: Launch, signal: AbortSignal): Promise<Handle> {
    signal.throwIfAborted();
    const asked = parseSshOptions(plan.target);
    refuseImage(plan);
    await root.ready();
    const folder = root.folder(plan.key);
    const note = await readNote(folder);
    if (note?.phase === "starting") {
      const begun = await hasBegun(hostOf(note.way), plan.key, signal);
      if (begun !== undefined)
        return await follow(plan.key, { ...begun, way: note.way, tunnel: note.tunnel });
    }
    await root.make(plan.key);
    const { way, gpus } = await choosePlace(plan, asked, note?.way, { root, followed }, signal);
    const host = hostOf(way);
    try {
      const tunnel = asked.tunnel && needsTunnel(plan) ? await tunnelTo(host) : 0;
      const own = withGpus(plan, gpus);
      const placed = tunnel === 0 ? own : throughTunnel(own, tunnel);
      // What an earlier try has packed may have been for another machine.
      await courier.forget(plan.key);
      await courier.pack({ plan: placed, secrets }, signal);
      await pushFiles(host, plan.key, courierEntries(courier, placed), signal);
      signal.throwIfAborted();
      await writeNote(folder, { phase: "starting", way, tunnel });
      const { header } = await host.ask("start", {
        key: plan.key,
        program: await followed.beginProgram(),
        secrets,
        at: clock.now(),
        limits: asked.limits,
      });
      return await follow(plan.key, { ...(header as unknown as Started), way, tunnel });
    } catch (error) {
      // Of a broken connection nothing is known; whatever else went wrong, nothing runs.
      if (isMalachiteError(error) && error.kind === "unavailable") throw error;
      await discard(host, plan.key);
      throw error instanceof FarRefused ? refusal(host, error) : error;
    }
  }

  /** A port there, the same for all runs of the service. Throws EngineRefused where that machine lets no ports lead elsewhere. */
  async function tunnelTo(host: FarHost): Promise<number> {
    try {
      return await followed.tunnel(host, 0);
    } catch (error) {
      if (isMalachiteError(error)) throw error;
      const text = `${host.name} does not let ports lead to the service (AllowTcpForwarding in its sshd_config): ${String((error as Error).message)}. Allow it, give the service a public URL that the machine reaches, or give the target tunnel: false for runs that do not call the service.`;
      throw new MalachiteError("EngineRefused", text, { cause: error });
    }
  }

  async function hasBegun(host: FarHost, key: LaunchKey, signal: AbortSignal): Promise<Started | undefined> {
    const { header } = await wrapped(host, () => host.ask("begun", { key }, signal, UNHURRIED));
    return (header.begun as Started | null) ?? undefined;
  }

  /** For a launch of which nothing runs: what is left of it would only be in the way. */
  async function discard(host: FarHost, key: LaunchKey): Promise<void> {
    await host.ask("discard", { key }).catch(() => {
      // It is let go of there after a while.
    });
    await courier.forget(key);
    await forget(host, key);
  }

  async function find(key: LaunchKey, signal: AbortSignal): Promise<Handle | undefined> {
    await root.ready();
    const note = await readNote(root.folder(key));
    // Until it says so, nothing was started anywhere.
    if (note?.phase !== "starting") return undefined;
    const host = hostOf(note.way);
    const begun = await hasBegun(host, key, signal);
    if (begun !== undefined) return await follow(key, { ...begun, way: note.way, tunnel: note.tunnel });
    await discard(host, key);
    return undefined;
  }

  async function observe(
    handles: readonly Handle[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<LaunchKey, Sighting>> {
    signal.throwIfAborted();
    const groups = Map.groupBy(handles, (handle) => hostOf(readHandle(handle).way));
    const seen = new Map<LaunchKey, Sighting>();
    const faults: unknown[] = [];
    await Promise.all(
      [...groups].map(async ([host, group]) => {
        try {
          for (let at = 0; at < group.length; at += SEEN_AT_ONCE)
            for (const [key, sighting] of await observeHost(host, group.slice(at, at + SEEN_AT_ONCE), signal))
              seen.set(key, sighting);
        } catch (error) {
          faults.push(error);
        }
      }),
    );
    signal.throwIfAborted();
    // Of those on machines that cannot be asked nothing is said.
    if (seen.size === 0 && faults.length > 0) throw faults[0];
    return seen;
  }

  async function observeHost(host: FarHost, handles: readonly Handle[], signal: AbortSignal) {
    const states = new Map(handles.map((handle) => [handle.key, readHandle(handle)]));
    const runs = [...states].map(([key, { script }]) => ({ key, script }));
    const { header } = await wrapped(host, () => host.ask("sight", { runs }, signal));
    const seen = new Map<LaunchKey, Sighting>();
    for (const one of header.runs as readonly Sight[]) {
      const state = states.get(one.key);
      if (state === undefined || one.error !== undefined) continue;
      const sighting = sightingOf(host, one, state);
      seen.set(one.key, sighting);
      if (sighting.at === "running" || sighting.at === "waiting") await follow(one.key, state);
      else host.forget(one.key);
    }
    return seen;
  }

  async function stop(handle: Handle, graceMs: number, signal: AbortSignal): Promise<void> {
    const { way, script, group } = readHandle(handle);
    const host = hostOf(way);
    await wrapped(host, () =>
      host.ask("end", { key: handle.key, script, group, graceMs }, signal, UNHURRIED),
    );
  }

  async function release(handle: Handle, signal: AbortSignal): Promise<void> {
    const { way, script, group } = readHandle(handle);
    const host = hostOf(way);
    await wrapped(host, () => host.ask("release", { key: handle.key, script, group }, signal, UNHURRIED));
    await courier.forget(handle.key);
    await root.ready();
    await forget(host, handle.key);
  }

  async function healthOf(target: TargetSettings, signal: AbortSignal): Promise<string | undefined> {
    const fault = faultOfOptions(target) ?? (await faultOfRoot(root));
    if (fault !== undefined) return fault;
    const asked = parseSshOptions(target);
    const faults = await Promise.all(
      asked.hosts.map(async (machine): Promise<string | undefined> => {
        try {
          const host = hostOf(wayOf(target, machine, asked));
          return lackOf(host.name, machine, asked, await host.facts(signal, true));
        } catch (error) {
          signal.throwIfAborted();
          return isMalachiteError(error) ? error.message : String(error);
        }
      }),
    );
    // One machine of a pool is enough to be usable.
    return faults.some((one) => one === undefined) ? undefined : faults.join(" ");
  }

  async function usage(runs: readonly MeasuredRun[], signal: AbortSignal) {
    const groups = Map.groupBy(runs, ({ handle }) => hostOf(readHandle(handle).way));
    const known = new Map<LaunchKey, Usage>();
    await Promise.all(
      [...groups].map(async ([host, group]) => {
        // Of a machine that is away nothing is told, and nobody waits for it.
        if (!host.isUp) return;
        const asked = group.map(({ handle }) => {
          const { script, group } = readHandle(handle);
          return { key: handle.key, script, group };
        });
        const { header } = await host.ask("usage", { runs: asked }, signal);
        const at = clock.now();
        for (const { key, ...used } of header.runs as readonly (Omit<Usage, "at"> & { key: LaunchKey })[])
          known.set(key, { ...used, at });
      }),
    );
    return known;
  }

  return {
    kind: KIND,
    can: { multiNode: false, images: false, gpus: true },
    isAway: () => true,
    async check(target, signal) {
      const reason = await healthOf(target, signal);
      return reason === undefined ? { usable: true } : { usable: false, reason };
    },
    launch: (asked, signal) => inLine(asked.plan.key, () => root.wrapped(() => launch(asked, signal))),
    find: (_target, key, signal) => inLine(key, () => root.wrapped(() => find(key, signal))),
    observe: (handles, signal) => root.wrapped(() => observe(handles, signal)),
    stop: (handle, graceMs, signal) => root.wrapped(() => stop(handle, graceMs, signal)),
    folder: (handle) => followed.folder(handle.key, readHandle(handle).way),
    usage: (runs, signal) => root.wrapped(() => usage(runs, signal)),
    release: (handle, signal) => inLine(handle.key, () => root.wrapped(() => release(handle, signal))),
    hints: (signal) => hints.stream(signal),
    async [Symbol.asyncDispose]() {
      hints[Symbol.dispose]();
      await followed[Symbol.asyncDispose]();
      await root[Symbol.asyncDispose]();
    },
  };
}

function sightingOf(
  host: FarHost,
  { key, exit, alive, claimed, lost, phase }: Sight,
  { startedAt }: SshState,
): Sighting {
  const report = exit === undefined ? undefined : parseExitRecord(exit);
  if (report !== undefined) return { at: "ended", ...report };
  if (alive && claimed) return { at: "running", startedAt };
  if (alive) return { at: "waiting", ...(phase === undefined ? {} : { why: phase }) };
  return lost
    ? { at: "gone", why: `The folder of ${key} on ${host.name} is not there any more.` }
    : { at: "gone" };
}

function refuseImage({ target, image }: LaunchPlan): void {
  if (image === undefined) return;
  const text = `The target '${target.name}' starts no containers: it runs commands over ssh.`;
  throw new MalachiteError("UnsupportedField", text, { target: "configuration.environment.docker" });
}

/** What the machine says no to. */
function refusal(host: FarHost, error: FarRefused): MalachiteError {
  if (error.code === "limits")
    return new MalachiteError("UnsupportedField", `${host.name} cannot limit the run: ${error.message}.`, {
      target: "configuration.target",
      cause: error,
    });
  if (error.code === "E2BIG") return tooLong("that system gives to a program", error);
  return unavailable(`${host.name} did not start the run: ${error.message} (${error.code}).`, error);
}
