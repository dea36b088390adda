// What every store of files refuses, in the same words wherever its files are.
import { type BlockChoice, MalachiteError } from "@malachite/core";
import { shown } from "../../files/index.ts";

/** A file is in the way and may not be replaced. */
export const exists = (path: string): MalachiteError =>
  new MalachiteError(
    "ArtifactExists",
    `There is a file ${shown(path)} already and overwriting was not asked for.`,
    { target: path },
  );

export const isFolder = (path: string): MalachiteError =>
  new MalachiteError(
    "BadPath",
    `${shown(path)} cannot be a file: there are files in a folder of that name.`,
    { target: path },
  );

export const isBelowFile = (path: string, cause?: unknown): MalachiteError =>
  new MalachiteError(
    "BadPath",
    `${shown(path)} cannot be kept: a part of its path is a file already, so nothing can be inside it.`,
    { target: path, ...(cause === undefined ? {} : { cause }) },
  );

export const noArtifact = (container: string, path: string): MalachiteError =>
  new MalachiteError("ArtifactNotFound", `There is no file ${shown(path)} in ${shown(container)}.`, {
    target: path,
  });

export const noBlob = (path: string): MalachiteError =>
  new MalachiteError("BlobNotFound", `There is no blob ${shown(path)}.`, { target: path });

export const noAppendBlob = (path: string): MalachiteError =>
  new MalachiteError(
    "BlobTypeMismatch",
    `${shown(path)} is a block blob: nothing can be added at its end. Make it anew as an append blob.`,
  );

export const noBlock = (path: string, { id, from }: BlockChoice): MalachiteError =>
  new MalachiteError(
    "BadBlockList",
    `The block ${JSON.stringify(id.slice(0, 100))} is not among the ${from === "latest" ? "" : `${from} `}blocks of ${shown(path)}.`,
    { target: "blocklist" },
  );

/** As Azure: of one blob; and of those that are not yet committed. */
const MOST_BLOCKS = 50_000;
const MOST_STAGED = 100_000;

/** Throws TooManyBlocks. */
export function checkBlocks({ length }: readonly BlockChoice[]): void {
  if (length <= MOST_BLOCKS) return;
  throw new MalachiteError(
    "TooManyBlocks",
    `A blob has at most ${MOST_BLOCKS} blocks; ${length} were given.`,
  );
}

/** Throws TooManyBlocks where so many are staged that another has no room. */
export function checkRoom(staged: number): void {
  if (staged < MOST_STAGED) return;
  throw new MalachiteError(
    "TooManyBlocks",
    `${MOST_STAGED} blocks are staged for this blob. Commit them, or send larger ones.`,
  );
}
