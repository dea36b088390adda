// The machines that are in use, and the runs on them that are followed: their news, and their files on the way home.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Handle, LaunchKey, RunFolder, TargetSettings } from "@malachite/core";
import { createJoinedFolder } from "../shared/joinedFolder.ts";
import type { LaunchHints } from "../shared/launchHints.ts";
import type { RunsRoot } from "../shared/runsRoot.ts";
import { createFarHost, type FarHost } from "./farHost.ts";
import { createFarMirror, type FarMirror } from "./farMirror.ts";
import { beginProgram, farProgram } from "./farProgram.ts";
import { createMirroredFolder } from "./mirroredFolder.ts";
import type { SshLogin } from "./openSsh.ts";
import { farKeyOf, makeHandle, type Part, partsOf, type SshState, type Way, wayOf } from "./sshHandle.ts";
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
  folder(key: LaunchKey, state: SshState): RunFolder;
  /** The place on a machine that a node of a launch has, as far as is known here. */
  take(farKey: string, host: FarHost): void;
  takenOn(name: string): number;
  /** The port of that machine which leads to the service; 0 asks for any. */
  tunnel(host: FarHost, port: number): Promise<number>;
  /** The text of the program that begins a run there. */
  beginProgram(): Promise<string>;
  /** The place is free again. */
  leave(farKey: string): void;
  /** Lets go of what is known of the launch, and of its files here. */
  forget(key: LaunchKey, parts: readonly { readonly way: Way }[]): Promise<void>;
};

/** Connects to nothing until it is asked. */
export function createFollowedRuns(
  root: RunsRoot,
  hints: LaunchHints,
  { service, login, files, targets, home: door }: FollowedOptions,
): FollowedRuns {
  const hosts = new Map<string, FarHost>();
  const mirrors = new Map<string, { readonly host: FarHost; readonly mirror: FarMirror }>();
  const taken = new Map<string, string>();
  let program: Promise<Buffer> | undefined;
  let begin: Promise<string> | undefined;
  const accept = letHome(door ?? { address: () => undefined, passed: () => {} });

  const home = (key: LaunchKey, node: number): string =>
    join(root.folder(key), node === 0 ? "files" : `files-${node}`);

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
  async function takeNews(farKey: string, changed: readonly string[]): Promise<void> {
    const known = mirrors.get(farKey);
    if (known === undefined) return;
    const order = [...changed].sort((a, b) => Number(a === "exit.json") - Number(b === "exit.json"));
    try {
      for (const path of order) await known.mirror.file(path);
    } catch {
      // A broken connection, or the disk: whoever needs the file asks for it and is told.
    }
  }

  function mirrorOf(key: LaunchKey, node: number, host: FarHost): FarMirror {
    const farKey = farKeyOf(key, node);
    const known = mirrors.get(farKey);
    if (known?.host === host) return known.mirror;
    const mirror = createFarMirror(host, farKey, home(key, node), join(root.folder(key), "parts"));
    mirrors.set(farKey, { host, mirror });
    return mirror;
  }

  return {
    hostOf,
    async follow(key, state) {
      for (const { farKey, node, way, tunnel } of partsOf(key, state)) {
        const host = hostOf(way);
        taken.set(farKey, host.name);
        await mkdir(home(key, node), { recursive: true, mode: 0o700 });
        mirrorOf(key, node, host);
        // The end of the first node is that of the run.
        if (node === 0) hints.follow(key, home(key, node));
        if (tunnel !== 0) await host.tunnel(tunnel, accept);
        host.follow(farKey);
      }
      return makeHandle(key, state);
    },
    folder(key, state) {
      const folderOf = ({ way, farKey, node }: Part) => {
        const host = hostOf(way);
        return createMirroredFolder(host, farKey, mirrorOf(key, node, host), home(key, node));
      };
      const parts = partsOf(key, state);
      const [only] = parts;
      if (only !== undefined && parts.length === 1) return folderOf(only);
      const logs = state.others?.map((other) => other.logs ?? []) ?? [];
      return createJoinedFolder(
        parts.map((part, index) => ({ folder: folderOf(part), logs: logs[index - 1] ?? [] })),
      );
    },
    take(farKey, host) {
      taken.set(farKey, host.name);
    },
    leave(farKey) {
      taken.delete(farKey);
    },
    tunnel: (host, port) => host.tunnel(port, accept),
    beginProgram() {
      begin ??= beginProgram(files);
      return begin;
    },
    takenOn: (name) => [...taken.values()].filter((one) => one === name).length,
    async forget(key, parts) {
      for (const [node, { way }] of parts.entries()) {
        const farKey = farKeyOf(key, node);
        hostOf(way).forget(farKey);
        mirrors.delete(farKey);
        taken.delete(farKey);
      }
      hints.drop(key);
      await root.remove(key);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...hosts.values()].map((host) => host[Symbol.asyncDispose]()));
    },
  };
}
