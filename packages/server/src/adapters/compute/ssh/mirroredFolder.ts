// The folder of a run on another machine as the port wants it: what is asked for is brought home first, then read here.
import type { RunFolder } from "@malachite/core";
import { isMalachiteError } from "@malachite/core";
import { createLocalRunFolder } from "../shared/localRunFolder.ts";
import { segmentsOf } from "../shared/openInside.ts";
import type { FarHost } from "./farHost.ts";
import { FarRefused } from "./farLink.ts";
import type { FarMirror } from "./farMirror.ts";
import { unavailable } from "./openSsh.ts";

/** `home`: the folder that the mirror fills. */
export function createMirroredFolder(
  host: FarHost,
  key: string,
  mirror: FarMirror,
  home: string,
): Required<RunFolder> {
  const local = createLocalRunFolder(home);
  /** Whoever only looks sees what has come so far while the machine cannot be asked; the end of a run is read whole or not at all. */
  const open = async (path: string) => {
    if (segmentsOf(path) === undefined) return undefined;
    if (!host.isUp) {
      const here = await local.open(path);
      if (here !== undefined) return here;
    }
    try {
      await wrapped(host, () => mirror.file(path));
    } catch (error) {
      const here =
        isMalachiteError(error) && error.kind === "unavailable" ? await local.open(path) : undefined;
      if (here === undefined) throw error;
      return here;
    }
    return await local.open(path);
  };
  return {
    async *list(under) {
      const folder = under.replace(/\/+$/, "");
      if (folder !== "" && segmentsOf(folder) === undefined) return;
      await wrapped(host, () => mirror.folder(folder));
      yield* local.list(folder);
    },
    open,
    async *read(path, from = 0) {
      if (segmentsOf(path) !== undefined) await wrapped(host, () => mirror.file(path));
      yield* local.read(path, from);
    },
    async size(path) {
      await using file = await open(path);
      return (await file?.look())?.sizeBytes;
    },
    changes(path, signal) {
      if (segmentsOf(path) !== undefined) host.follow(key, [path]);
      return local.changes(path, signal);
    },
    localPath: (path) => local.localPath(path),
    async hold(under) {
      await wrapped(host, () => mirror.folder(under.replace(/\/+$/, "")));
      return await local.hold(under);
    },
  };
}

/** What the far side or the disk here says is told as a machine that cannot be asked now. */
export async function wrapped<T>(host: Pick<FarHost, "name">, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof FarRefused) throw unavailable(`${host.name}: ${error.message}`, error);
    throw error;
  }
}
