// Words for what is wrong with an archive.
import { MalachiteError } from "@malachite/core";
import { shown } from "../../../../files/index.ts";

/** A BadArchive about the archive as a whole. */
export const badArchive = (fault: string, cause?: unknown): MalachiteError =>
  new MalachiteError("BadArchive", `The archive cannot be taken: ${fault}`, { cause });

/** A BadArchive about one entry, naming it. */
export const badEntry = (name: string, fault: string, cause?: unknown): MalachiteError =>
  new MalachiteError(
    "BadArchive",
    `The archive cannot be taken because of its entry ${shown(name)}: ${fault}`,
    {
      target: name,
      cause,
    },
  );

/** A BadPath about one entry, naming it. */
export const badEntryPath = (name: string, reason: string): MalachiteError =>
  new MalachiteError(
    "BadPath",
    `The archive cannot be taken because of the path of its entry ${shown(name)}: ${reason}`,
    {
      target: name,
    },
  );
