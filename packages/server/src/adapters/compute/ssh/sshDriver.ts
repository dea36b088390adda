// The driver of machines that are reached over ssh: each launch is a folder on one of them, and a mirror of its files here.
import {
  type ComputeDriver,
  type Handle,
  isMalachiteError,
  type Launch,
  type LaunchKey,
  type LaunchPlan,
  logsOf,
  MalachiteError,
  type Sighting,
  type SteadyClock,
  withGpus,
} from "@malachite/core";
import { type AwayCourier, logsOfNode } from "../courier/index.ts";
import { createLines } from "../shared/inLine.ts";
import { createLaunchHints } from "../shared/launchHints.ts";
import { launchesIn } from "../shared/launchPlaces.ts";
import { refuseLate } from "../shared/notLate.ts";
import { createRunsRoot, faultOfRoot } from "../shared/runsRoot.ts";
import { allOf, isUnavailable, throwIfAny } from "./allOf.ts";
import { choosePlaces, type Place } from "./choosePlace.ts";
import { courierEntries } from "./courierEntries.ts";
import type { FarHost } from "./farHost.ts";
import { FarRefused } from "./farLink.ts";
import { pushFiles } from "./farParcel.ts";
import { createFollowedRuns, type FollowedOptions } from "./followedRuns.ts";
import { meetingOf, nodesOf } from "./meeting.ts";
import { wrapped } from "./mirroredFolder.ts";
import { refusal, refuseImage } from "./refusals.ts";
import { type Amiss, joinSightings, type SeenNode, type Sight, sightingOf } from "./sightings.ts";
import {
  farKeyOf,
  KIND,
  type Note,
  type NotedPart,
  notedParts,
  type Part,
  partsOf,
  readHandle,
  readNote,
  type SshState,
  type Started,
  startingOn,
  stateOf,
  writeNote,
} from "./sshHandle.ts";
import { healthOfPool } from "./sshHealth.ts";
import { faultOfOptions, parseSshOptions, type SshOptions } from "./sshTarget.ts";
import { usageOf } from "./sshUsage.ts";
import { needsTunnel, throughTunnel } from "./tunnel.ts";

export type SshDriverOptions = FollowedOptions & {
  /** Packs what runs are made of. */
  readonly courier: Pick<AwayCourier, "pack" | "forget" | "listing" | "content" | "program">;
  /** Absolute path of the folder in which the mirrors of launches lie. */
  readonly folder: string;
  readonly clock: SteadyClock;
};

/** The ssh driver. Disposing it ends no run: it only lets go of connections. */
export type SshDriver = ComputeDriver & AsyncDisposable;

const SEEN_AT_ONCE = 500;
/** Whatever waits for processes to end takes as long as it takes; that the connection ends is told anyway. */
const UNHURRIED = {};
/** For what has perhaps not begun: who it is, the machine finds out. */
const NOBODY = { pid: 0, startTime: "", boot: "" };

/** Connects to nothing until its first call. */
export function createSshDriver(options: SshDriverOptions): SshDriver {
  const { clock, courier } = options;
  const root = createRunsRoot(options.folder);
  const hints = createLaunchHints();
  const inLine = createLines();
  const followed = createFollowedRuns(root, hints, options);
  const { hostOf, follow } = followed;
  const amiss: Amiss = new Map();

  async function launch({ plan, secrets, startBefore }: Launch, signal: AbortSignal): Promise<Handle> {
    signal.throwIfAborted();
    const asked = parseSshOptions(plan.target);
    refuseImage(plan);
    const count = nodesOf(plan);
    await root.ready();
    const { key } = plan;
    const folder = root.folder(key);
    const note = await readNote(folder);
    if (note?.phase === "starting") {
      const begun = await allBegun(note, key, signal);
      if (begun !== undefined) return await follow(key, stateOf(begun, notedParts(note)));
    }
    await root.make(key);
    if (note?.others !== undefined) throwIfAny(await discardParts(key, notedParts(note)));
    const places = await choosePlaces(plan, count, asked, note?.way, { root, followed }, signal);
    const ways: NotedPart[] = places.map(({ way }) => ({ way, tunnel: 0 }));
    try {
      const parts = await allOf(ways, async ({ way }, node): Promise<NotedPart> => {
        const tunnel = asked.tunnel && needsTunnel(plan) ? await tunnelTo(hostOf(way)) : 0;
        return { way, tunnel, ...(node === 0 ? {} : { logs: logsOfNode(plan, node) }) };
      });
      await push(plan, secrets, places, parts, signal);
      signal.throwIfAborted();
      await writeNote(folder, startingOn(parts));
      refuseLate(startBefore, clock);
      const begun = await start(plan, secrets, asked, parts);
      return await follow(key, stateOf(begun, parts));
    } catch (error) {
      // Of a broken connection nothing is known; whatever else went wrong, nothing runs.
      if (isMalachiteError(error) && error.kind === "unavailable") throw error;
      await giveUp(key, ways);
      throw error;
    }
  }

  /** What the run is made of, onto each of its machines. Those that are told the same are packed for once. */
  async function push(
    plan: LaunchPlan,
    secrets: Launch["secrets"],
    places: readonly Place[],
    parts: readonly NotedPart[],
    signal: AbortSignal,
  ): Promise<void> {
    const gpus = places.map((place) => place.gpus);
    const own = withGpus(plan, gpus.includes(undefined) ? undefined : gpus.flatMap((some) => some ?? []));
    for (const [tunnel, group] of Map.groupBy(parts.entries(), ([, part]) => part.tunnel)) {
      const placed = tunnel === 0 ? own : throughTunnel(own, tunnel);
      // What an earlier try has packed may have been for another machine.
      await courier.forget(plan.key);
      await courier.pack({ plan: placed, secrets }, signal);
      await Promise.all(
        group.map(([node, { way }]) => {
          const logs = parts.length === 1 ? logsOf(placed) : logsOfNode(placed, node);
          const entries = courierEntries(courier, placed, logs);
          return pushFiles(hostOf(way), farKeyOf(plan.key, node), entries, signal);
        }),
      );
    }
  }

  /** All at once: no process of the user's begins before all nodes have met. */
  async function start(
    plan: LaunchPlan,
    secrets: Launch["secrets"],
    { limits }: SshOptions,
    parts: readonly NotedPart[],
  ): Promise<readonly Started[]> {
    const program = await followed.beginProgram();
    const told = meetingOf(parts);
    return await allOf(parts, async ({ way }, node) => {
      const host = hostOf(way);
      try {
        const { header } = await host.ask("start", {
          key: farKeyOf(plan.key, node),
          program,
          secrets: { ...secrets, ...told[node] },
          at: clock.now(),
          limits,
          ...(parts.length === 1 ? {} : { node }),
        });
        return header as unknown as Started;
      } catch (error) {
        throw error instanceof FarRefused ? refusal(host, error) : error;
      }
    });
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

  /**
   * What has begun of a launch, when all of it has. Where only some nodes have, they wait for the others and nothing of the user's runs: they
   * are ended, and it is undefined too.
   */
  async function allBegun(
    note: Note,
    key: LaunchKey,
    signal: AbortSignal,
  ): Promise<readonly Started[] | undefined> {
    const parts = notedParts(note);
    const begun = await allOf(parts, async ({ way }, node) => {
      const host = hostOf(way);
      const ask = { key: farKeyOf(key, node) };
      const { header } = await wrapped(host, () => host.ask("begun", ask, signal, UNHURRIED));
      return (header.begun as Started | null) ?? undefined;
    });
    const all = begun.filter((one) => one !== undefined);
    if (all.length === parts.length) return all;
    if (all.length > 0)
      await allOf(parts, async ({ way }, node) => {
        const host = hostOf(way);
        const ask = { key: farKeyOf(key, node), script: NOBODY, group: [] };
        await wrapped(host, () => host.ask("release", ask, signal, UNHURRIED));
      });
    return undefined;
  }

  /** A launch that was refused. What lies on a machine that cannot be asked now stays noted: whoever looks for the launch removes it. */
  async function giveUp(key: LaunchKey, parts: readonly NotedPart[]): Promise<void> {
    await writeNote(root.folder(key), startingOn(parts));
    if ((await discardParts(key, parts)) === undefined) return await forget(key, parts);
    await courier.forget(key);
    for (const node of parts.keys()) followed.leave(farKeyOf(key, node));
  }

  async function forget(key: LaunchKey, parts: readonly NotedPart[]): Promise<void> {
    await courier.forget(key);
    await followed.forget(key, parts);
  }

  /** For a launch of which nothing runs: what is left of it would only be in the way. Answers why a machine could not be asked. */
  async function discardParts(key: LaunchKey, parts: readonly NotedPart[]): Promise<unknown> {
    const faults = await allOf(parts, async ({ way }, node): Promise<unknown> => {
      // Where several were started and one was refused, the others wait for it.
      const ask = { key: farKeyOf(key, node), script: NOBODY, group: [] };
      try {
        await hostOf(way).ask(parts.length === 1 ? "discard" : "release", ask);
        return undefined;
      } catch (error) {
        // What the machine itself cannot do is let go of there after a while.
        return isUnavailable(error) ? error : undefined;
      }
    });
    return faults.find((fault) => fault !== undefined);
  }

  async function find(key: LaunchKey, signal: AbortSignal): Promise<Handle | undefined> {
    await root.ready();
    const note = await readNote(root.folder(key));
    const parts = note === undefined ? [] : notedParts(note);
    // Until it says so, nothing was started anywhere.
    const begun = note?.phase === "starting" ? await allBegun(note, key, signal) : undefined;
    if (begun !== undefined) return await follow(key, stateOf(begun, parts));
    const fault = await discardParts(key, parts);
    // Where nothing was started, the place is let go of there after a while: no other machine waits for that.
    if (note?.phase === "starting") throwIfAny(fault);
    await forget(key, parts);
    return undefined;
  }

  async function observe(
    handles: readonly Handle[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<LaunchKey, Sighting>> {
    signal.throwIfAborted();
    const states = handles.map((handle) => ({ key: handle.key, state: readHandle(handle) }));
    const parts = states.flatMap(({ key, state }) => partsOf(key, state));
    const sights = new Map<string, Sight>();
    const faults: unknown[] = [];
    await Promise.all(
      [...Map.groupBy(parts, ({ way }) => hostOf(way))].map(async ([host, group]) => {
        try {
          for (let at = 0; at < group.length; at += SEEN_AT_ONCE)
            for (const sight of await sightsOn(host, group.slice(at, at + SEEN_AT_ONCE), signal))
              sights.set(sight.key, sight);
        } catch (error) {
          faults.push(error);
        }
      }),
    );
    signal.throwIfAborted();
    const seen = new Map<LaunchKey, Sighting>();
    for (const { key, state } of states) {
      const sighting = await sightingOfRun(key, state, sights);
      if (sighting !== undefined) seen.set(key, sighting);
    }
    // Of those on machines that cannot be asked nothing is said.
    if (seen.size === 0 && faults.length > 0) throw faults[0];
    return seen;
  }

  async function sightsOn(
    host: FarHost,
    parts: readonly Part[],
    signal: AbortSignal,
  ): Promise<readonly Sight[]> {
    const runs = parts.map(({ farKey, script }) => ({ key: farKey, script }));
    const { header } = await wrapped(host, () => host.ask("sight", { runs }, signal));
    return header.runs as readonly Sight[];
  }

  async function sightingOfRun(
    key: LaunchKey,
    state: SshState,
    sights: ReadonlyMap<string, Sight>,
  ): Promise<Sighting | undefined> {
    const nodes = partsOf(key, state).map((part): SeenNode => {
      const machine = hostOf(part.way).name;
      const sight = sights.get(part.farKey);
      if (sight === undefined || sight.error !== undefined) return { machine };
      const { apart } = sight;
      return {
        machine,
        sighting: sightingOf(machine, sight, part),
        ...(apart === undefined ? {} : { apart }),
      };
    });
    const joined = joinSightings(nodes, amiss.get(key), clock.now());
    if (joined === undefined) return undefined;
    const { sighting, amissSince, end } = joined;
    if (amissSince === undefined) amiss.delete(key);
    else amiss.set(key, amissSince);
    // How it ended is seen the next time; a machine that cannot be asked is tried again then.
    if (end) void endParts(key, state, 0, undefined).catch(() => {});
    if (sighting.at === "running" || sighting.at === "waiting") await follow(key, state);
    else for (const { way, farKey } of partsOf(key, state)) hostOf(way).forget(farKey);
    return sighting;
  }

  /** Of a run on several machines the first is what counts: where that has ended, what is left of the others ends by itself. */
  async function endParts(
    key: LaunchKey,
    state: SshState,
    graceMs: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const ended = await Promise.allSettled(
      partsOf(key, state).map(async ({ way, farKey, script, group }) => {
        const host = hostOf(way);
        const ask = { key: farKey, script, group, graceMs };
        await wrapped(host, () => host.ask("end", ask, signal, UNHURRIED));
      }),
    );
    for (const [node, one] of ended.entries())
      if (one.status === "rejected" && !(node > 0 && isUnavailable(one.reason))) throw one.reason;
  }

  async function release(handle: Handle, signal: AbortSignal): Promise<void> {
    const { key } = handle;
    const parts = partsOf(key, readHandle(handle));
    await allOf(parts, async ({ way, farKey, script, group }) => {
      const host = hostOf(way);
      await wrapped(host, () => host.ask("release", { key: farKey, script, group }, signal, UNHURRIED));
    });
    amiss.delete(key);
    await courier.forget(key);
    await root.ready();
    await followed.forget(key, parts);
  }

  const driver: SshDriver = {
    kind: KIND,
    can: { multiNode: true, images: false, gpus: true },
    isAway: () => true,
    async check(target, signal) {
      const fault = faultOfOptions(target) ?? (await faultOfRoot(root));
      return fault === undefined
        ? await healthOfPool(target, hostOf, signal)
        : { usable: false, reason: fault };
    },
    launch: (asked, signal) => inLine(asked.plan.key, () => root.wrapped(() => launch(asked, signal))),
    find: (_target, key, signal) => inLine(key, () => root.wrapped(() => find(key, signal))),
    observe: (handles, signal) => root.wrapped(() => observe(handles, signal)),
    stop: (handle, graceMs, signal) =>
      root.wrapped(() => endParts(handle.key, readHandle(handle), graceMs, signal)),
    folder: (handle) => followed.folder(handle.key, readHandle(handle)),
    usage: (runs, signal) => root.wrapped(() => usageOf(runs, hostOf, clock.now, signal)),
    release: (handle, signal) => inLine(handle.key, () => root.wrapped(() => release(handle, signal))),
    hints: (signal) => hints.stream(signal),
    async [Symbol.asyncDispose]() {
      hints[Symbol.dispose]();
      await followed[Symbol.asyncDispose]();
      await root[Symbol.asyncDispose]();
    },
  };
  const found = (key: LaunchKey, signal: AbortSignal) =>
    inLine(key, () => root.wrapped(() => find(key, signal)));
  return { ...driver, place: launchesIn(root, driver, found) };
}
