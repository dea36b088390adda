// The files of a run as its users see them: those that are kept, and those that still grow in the run's folder, as one list.
import { MalachiteError } from "../domain/failure/malachiteError.ts";
import { isTerminal } from "../domain/run/next.ts";
import type { Run } from "../domain/run/run.ts";
import type { ArtifactInfo } from "../ports/artifactStore.ts";
import type { RunFolder } from "../ports/computeDriver.ts";
import type { FileLook, LinkHeaders, OpenFile } from "../ports/openFile.ts";
import { liveFolders } from "./collectRun.ts";
import type { Container, OpenRunFile, RunFile } from "./flow.ts";
import type { FlowPorts } from "./ports.ts";

type FilePorts = Pick<FlowPorts, "artifacts" | "runs" | "targets">;

const RUN_CONTAINER = "dcid.";
const NO_LINK = Promise.resolve(undefined);

/** The run whose container this is; undefined for a container that belongs to none. */
async function runOf({ scope, container }: Container, { runs }: FilePorts): Promise<Run | undefined> {
  return container.startsWith(RUN_CONTAINER)
    ? runs.get(scope, container.slice(RUN_CONTAINER.length))
    : undefined;
}

/** The folder of a run that has one now: from its launch until its end is written. */
function folderOf(run: Run | undefined, { targets }: FilePorts): RunFolder | undefined {
  const handle = run?.life.handle;
  return run && handle && !isTerminal(run.life.status)
    ? targets.driver(handle.kind).folder(handle)
    : undefined;
}

/** Where a path of the run is in its folder; undefined for what is not shown before the end. */
function livePath(run: Run, path: string): string | undefined {
  const watched = liveFolders(run).find((f) => path.startsWith(`${f.as}/`));
  return watched && `${watched.folder}/${path.slice(watched.as.length + 1)}`;
}

const kept = ({ path, sizeBytes, createdAt, changedAt, etag }: ArtifactInfo): RunFile => ({
  path,
  sizeBytes,
  createdAt,
  changedAt,
  etag,
  live: false,
});
const shown = (path: string, look: FileLook, live: boolean): RunFile => ({
  path,
  sizeBytes: look.sizeBytes,
  createdAt: look.createdAt,
  changedAt: look.changedAt,
  etag: look.etag,
  live,
});

export async function listFiles(
  at: Container,
  ask: { readonly prefix?: string; readonly after?: string; readonly limit: number },
  ports: FilePorts,
): Promise<{ readonly values: readonly RunFile[]; readonly next?: string }> {
  const page = await ports.artifacts.list(at.scope, at.container, ask);
  const growing = await listLive(at, ask, ports);
  const all = new Map(page.values.map((info) => [info.path, kept(info)]));
  const last = page.more ? page.values.at(-1)?.path : undefined;
  for (const file of growing) if (last === undefined || file.path <= last) all.set(file.path, file);
  const values = [...all.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  const shownNow = values.slice(0, ask.limit);
  const more = page.more || values.length > shownNow.length;
  return { values: shownNow, ...(more ? { next: shownNow.at(-1)?.path } : {}) };
}

/** The live files of the page: the `limit` smallest paths after `after`, held in memory at most twice that many. */
async function listLive(
  at: Container,
  {
    prefix = "",
    after,
    limit,
  }: { readonly prefix?: string; readonly after?: string; readonly limit: number },
  ports: FilePorts,
): Promise<readonly RunFile[]> {
  const run = await runOf(at, ports);
  const folder = folderOf(run, ports);
  if (!run || !folder) return [];
  let found: RunFile[] = [];
  for (const watched of liveFolders(run)) {
    if (!`${watched.as}/`.startsWith(prefix) && !prefix.startsWith(`${watched.as}`)) continue;
    for await (const file of folder.list(watched.folder)) {
      const path = `${watched.as}/${file.path.slice(watched.folder.length + 1)}`;
      if (!path.startsWith(prefix) || (after !== undefined && path <= after)) continue;
      found.push(shown(path, file, true));
      if (found.length > 2 * limit + 100) found = smallest(found, limit + 1);
    }
  }
  return smallest(found, limit + 1);
}

const smallest = (files: RunFile[], count: number): RunFile[] =>
  files.sort((a, b) => (a.path < b.path ? -1 : 1)).slice(0, count);

/** The file where it is now, held open. It moves from the folder into the store at its run's end, so the folder comes first. */
export async function openPlace(
  at: Container,
  path: string,
  ports: FilePorts,
): Promise<{ readonly file: OpenFile; readonly live: boolean } | undefined> {
  const run = await runOf(at, ports);
  const folder = folderOf(run, ports);
  const inFolder = run && folder ? livePath(run, path) : undefined;
  const growing = inFolder === undefined ? undefined : await folder?.open(inFolder);
  if (growing) return { file: growing, live: true };
  const file = await ports.artifacts.open(at.scope, at.container, path);
  return file && { file, live: false };
}

/** Throws ArtifactNotFound. */
export async function openFile(at: Container, path: string, ports: FilePorts): Promise<OpenRunFile> {
  const place = await openPlace(at, path, ports);
  if (!place) throw notFound(at, path);
  const { file, live } = place;
  try {
    return {
      info: shown(path, await file.look(), live),
      read: (from, to) => file.read(from, to),
      ...(file.link === undefined
        ? {}
        : { link: (until: number, headers: LinkHeaders) => file.link?.(until, headers) ?? NO_LINK }),
      [Symbol.asyncDispose]: () => file[Symbol.asyncDispose](),
    };
  } catch (error) {
    await file[Symbol.asyncDispose]();
    throw error;
  }
}

/** Throws ArtifactNotFound. */
export async function fileInfo(at: Container, path: string, ports: FilePorts): Promise<RunFile> {
  await using file = await openFile(at, path, ports);
  return file.info;
}

const notFound = ({ container }: Container, path: string) =>
  new MalachiteError("ArtifactNotFound", `The container '${container}' has no file '${path}'.`, {
    target: "path",
  });

/** Keeps bytes that somebody sends: whole, or at the end of what is there. */
export async function putFile(
  at: Container,
  path: string,
  stream: AsyncIterable<Uint8Array>,
  options: { readonly append: boolean; readonly overwrite: boolean },
  { artifacts }: Pick<FlowPorts, "artifacts">,
): Promise<RunFile> {
  if (options.append) return kept(await artifacts.append(at.scope, at.container, path, stream));
  return kept(
    await artifacts.put(at.scope, at.container, path, { stream }, { overwrite: options.overwrite }),
  );
}

/** Gone or not there is success. What is known of the blob goes with it. */
export async function removeFile(
  at: Container,
  path: string,
  { blobs }: Pick<FlowPorts, "blobs">,
): Promise<void> {
  await blobs.remove({ bucket: { kind: "artifacts", ...at }, path }, { check: () => {} });
}
