// The machines that are in use, and the runs on them that are followed: their news, and their files on the way home.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Handle, LaunchKey, RunFolder, TargetSettings } from "@malachite/core";
import type { LaunchHints } from "../shared/launchHints.ts";
import type { RunsRoot } from "../shared/runsRoot.ts";
import { createFarHost, type FarHost } from "./farHost.ts";
import { createFarMirror, type FarMirror } from "./farMirror.ts";
import { beginProgram, farProgram } from "./farProgram.ts";
import { createMirroredFolder } from "./mirroredFolder.ts";
import type { SshLogin } from "./openSsh.ts";
import { makeHandle, type SshState, type Way, wayOf } from "./sshHandle.ts";
import { faultOfOptions, hostName, parseSshOptions } from "./sshTarget.ts";
import { type HomeDoor, letHome } from "./tunnel.ts";

export type FollowedOptions = {
  /** Names this service among others that use the same machines; safe as a file name. */
  readonly service: string;
  readonly login: SshLogin;
  /** The folder with the helping program, ending in a slash. */
  readonly files: URL;
  /** The targets as the settings have them now: what they say of a machine goes before what a handle says. */
  readonly targets?: () => readonly TargetSettings[];
  /** How runs reach the service; absent: they do not. */
  readonly home?: HomeDoor;
};

export type FollowedRuns = AsyncDisposable & {
  hostOf(way: Way): FarHost;
  follow(key: LaunchKey, state: SshState): Promise<Handle>;
  folder(key: LaunchKey, way: Way): RunFolder;
  /** The place on a machine that a launch has, as far as is known here. */
  take(key: LaunchKey, host: FarHost): void;
  takenOn(name: string): number;
  /** The port of that machine which leads to the service; 0 asks for any. */
  tunnel(host: FarHost, port: number): Promise<number>;
  /** The text of the program that begins a run there. */
  beginProgram(): Promise<string>;
  /** Lets go of what is known of the launch, and of its files here. */
  forget(host: FarHost, key: LaunchKey): Promise<void>;
};

/** Connects to nothing until it is asked. */
export function createFollowedRuns(
  root: RunsRoot,
  hints: LaunchHints,
  { service, login, files, targets, home: door }: FollowedOptions,
): FollowedRuns {
  const hosts = new Map<string, FarHost>();
  const mirrors = new Map<LaunchKey, { readonly host: FarHost; readonly mirror: FarMirror }>();
  const taken = new Map<LaunchKey, string>();
  let program: Promise<Buffer> | undefined;
  let begin: Promise<string> | undefined;
  const accept = letHome(door ?? { address: () => undefined, passed: () => {} });

  const home = (key: LaunchKey): string => join(root.folder(key), "files");

  function hostOf(way: Way): FarHost {
    const { host, options } = currentWay(way);
    const id = JSON.stringify([host, options]);
    const known = hosts.get(id);
    if (known !== undefined) return known;
    const made = createFarHost({
      host,
      options,
      service,
      login,
      program: () => {
        program ??= farProgram(files);
        return program;
      },
      onNews: (key, changed) => void takeNews(key, changed),
    });
    hosts.set(id, made);
    return made;
  }

  /** What the settings say by now of that machine; the way itself where they do not name it any more. */
  function currentWay(way: Way): Way {
    const target = targets?.().find(({ name, kind }) => name === way.target && kind === "ssh");
    if (target === undefined || faultOfOptions(target) !== undefined) return way;
    const now = parseSshOptions(target);
    const host = now.hosts.find((one) => hostName(one) === hostName(way.host));
    if (host === undefined) return way;
    // Where its runs lie stays as it was.
    return wayOf(target, host, { ...now, folder: way.options.folder });
  }

  /** Brings home what has changed; the end last, so that whoever hears of it finds the rest. */
  async function takeNews(key: LaunchKey, changed: readonly string[]): Promise<void> {
    const known = mirrors.get(key);
    if (known === undefined) return;
    const order = [...changed].sort((a, b) => Number(a === "exit.json") - Number(b === "exit.json"));
    try {
      for (const path of order) await known.mirror.file(path);
    } catch {
      // A broken connection, or the disk: whoever needs the file asks for it and is told.
    }
  }

  function mirrorOf(key: LaunchKey, host: FarHost): FarMirror {
    const known = mirrors.get(key);
    if (known?.host === host) return known.mirror;
    const mirror = createFarMirror(host, key, home(key), join(root.folder(key), "parts"));
    mirrors.set(key, { host, mirror });
    return mirror;
  }

  return {
    hostOf,
    async follow(key, state) {
      const host = hostOf(state.way);
      taken.set(key, host.name);
      await mkdir(home(key), { recursive: true, mode: 0o700 });
      mirrorOf(key, host);
      hints.follow(key, home(key));
      if (state.tunnel !== 0) await host.tunnel(state.tunnel, accept);
      host.follow(key);
      return makeHandle(key, state);
    },
    folder(key, way) {
      const host = hostOf(way);
      return createMirroredFolder(host, key, mirrorOf(key, host), home(key));
    },
    take(key, host) {
      taken.set(key, host.name);
    },
    tunnel: (host, port) => host.tunnel(port, accept),
    beginProgram() {
      begin ??= beginProgram(files);
      return begin;
    },
    takenOn: (name) => [...taken.values()].filter((one) => one === name).length,
    async forget(host, key) {
      host.forget(key);
      hints.drop(key);
      mirrors.delete(key);
      taken.delete(key);
      await root.remove(key);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...hosts.values()].map((host) => host[Symbol.asyncDispose]()));
    },
  };
}
