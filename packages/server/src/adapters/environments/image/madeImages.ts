// The images that a service has made in an engine: when each was last used, and the removal of those that were used longest ago when
// all together are larger than the limit. What was pulled is not the service's, and stays.
import { createHash } from "node:crypto";
import { mkdir, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Engine, EngineRefused } from "../../../containers/index.ts";

export type MadeKind = "dockerfile" | "environment" | "spark";

export type MadeImagesOptions = {
  /** Of the service's own: an empty file for each image, whose time is that of its last use. */
  readonly folder: string;
  readonly service: string;
  /** What all images of an engine together may take, without what they stand on. */
  readonly limitBytes: number;
  /** Ids of images that unfinished runs rely on. */
  readonly inUse: () => Promise<ReadonlySet<string>>;
  readonly now: () => number;
};

export type MadeImages = {
  /** The same name for the same content. Another service has names of its own, so that none removes what another relies on. */
  name(kind: MadeKind, content: string): string;
  /** They are used now; each stands on those behind it, and is removed before them. */
  use(engine: Engine, names: readonly string[]): Promise<void>;
  /** Removes until the rest keeps the limit; never one that an unfinished run relies on. Throws EngineUnavailable. */
  sweep(engine: Engine, signal: AbortSignal): Promise<void>;
};

/** Between an answer and the record of the run that got it, an image looks unused. */
const JUST_USED_MS = 600_000;

type Made = {
  readonly name: string;
  readonly id: string;
  readonly sizeBytes: number;
  readonly usedAt: number;
};

export function createMadeImages(options: MadeImagesOptions): MadeImages {
  const { service, limitBytes, inUse, now } = options;
  const own = `${service.slice(0, 8)}-`;
  const pattern = new RegExp(`(?:^|/)malachite/(dockerfile|environment|spark):${own}[0-9a-f]+$`);

  const folderOf = ({ socket }: Engine): string =>
    join(options.folder, createHash("sha256").update(socket).digest("hex").slice(0, 16));

  const lastUse = async (engine: Engine, name: string): Promise<number | undefined> =>
    (await stat(join(folderOf(engine), markOf(name))).catch(() => undefined))?.mtimeMs;

  async function look(engine: Engine, signal: AbortSignal): Promise<readonly Made[]> {
    const all = await listImages(engine, signal);
    const made: Made[] = [];
    for (const image of all) {
      const name = image.tags.find((tag) => pattern.test(tag));
      if (name === undefined) continue;
      // Made by a service that was killed before it could say so.
      const usedAt = (await lastUse(engine, name)) ?? image.createdAt;
      made.push({ name, id: image.id, sizeBytes: sizeAbove(image, all), usedAt });
    }
    return made.sort((a, b) => a.usedAt - b.usedAt);
  }

  async function remove(engine: Engine, name: string, signal: AbortSignal): Promise<boolean> {
    try {
      await engine.ask("remove an image", (api) => api.getImage(name).remove(), signal);
    } catch (error) {
      // A container has it, whoever made that one; or it is gone.
      if (!(error instanceof EngineRefused)) throw error;
      if (error.status !== 404) return false;
    }
    await rm(join(folderOf(engine), markOf(name)), { force: true });
    return true;
  }

  /** The marks of images that somebody has removed in the engine; one that is just being made is not there yet. */
  async function forget(engine: Engine, known: ReadonlySet<string>): Promise<void> {
    for (const mark of await readdir(folderOf(engine)).catch(() => [])) {
      const file = join(folderOf(engine), mark);
      const { mtimeMs } = (await stat(file).catch(() => undefined)) ?? { mtimeMs: now() };
      if (!known.has(mark) && mtimeMs < now() - JUST_USED_MS) await rm(file, { force: true });
    }
  }

  return {
    name: (kind, content) =>
      `malachite/${kind}:${own}${createHash("sha256").update(content).digest("hex").slice(0, 32)}`,
    async use(engine, names) {
      const folder = folderOf(engine);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      for (const [index, name] of names.entries()) {
        const at = new Date(now() + index);
        const file = join(folder, markOf(name));
        await writeFile(file, "", { mode: 0o600 });
        await utimes(file, at, at);
      }
    },
    async sweep(engine, signal) {
      const made = await look(engine, signal);
      let all = made.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      if (all > limitBytes) {
        const used = new Set([...(await inUse())].map(plainId));
        for (const { name, id, sizeBytes, usedAt } of made) {
          if (all <= limitBytes) break;
          // Looked at once more: many images take long to look at.
          const latest = (await lastUse(engine, name)) ?? usedAt;
          if (used.has(id) || latest > now() - JUST_USED_MS) continue;
          if (await remove(engine, name, signal)) all -= sizeBytes;
        }
      }
      await forget(engine, new Set(made.map(({ name }) => markOf(name))));
    },
  };
}

/** Podman puts a registry before names that have none. */
const markOf = (name: string): string =>
  name.slice(name.lastIndexOf("malachite/") + "malachite/".length).replace(":", ".");

const plainId = (id: string): string => id.replace(/^sha256:/, "");

type Image = {
  readonly id: string;
  readonly tags: readonly string[];
  readonly createdAt: number;
  readonly sizeBytes: number;
  /** From the bottom up. */
  readonly layers: readonly string[];
};

async function listImages(engine: Engine, signal: AbortSignal): Promise<readonly Image[]> {
  const listed = await engine.ask(
    "list images",
    (api, abortSignal) => api.listImages({ abortSignal }),
    signal,
  );
  const images: Image[] = [];
  for (const { Id, RepoTags, Created } of listed) {
    try {
      const { Size, RootFS } = await engine.ask(
        "look at an image",
        (api) => api.getImage(Id).inspect(),
        signal,
      );
      images.push({
        id: plainId(Id),
        tags: RepoTags ?? [],
        createdAt: Created * 1000,
        sizeBytes: Size,
        layers: RootFS?.Layers ?? [],
      });
    } catch (error) {
      // Removed meanwhile.
      if (!(error instanceof EngineRefused)) throw error;
    }
  }
  return images;
}

/** What it adds to the largest image on which it stands: engines count that in. */
function sizeAbove(image: Image, all: readonly Image[]): number {
  // A Dockerfile of one FROM is the base itself.
  if (!image.tags.every(isMade)) return 0;
  const isBelow = ({ id, tags, layers }: Image): boolean =>
    id !== image.id &&
    layers.every((layer, index) => layer === image.layers[index]) &&
    // Of two images of ours with the same layers, neither stands on the other.
    (layers.length < image.layers.length || !tags.some(isMade));
  const below = all.filter(isBelow).map(({ sizeBytes }) => sizeBytes);
  return Math.max(0, image.sizeBytes - Math.max(0, ...below));
}

const isMade = (tag: string): boolean => /(^|\/)malachite\/(dockerfile|environment|spark):/.test(tag);
