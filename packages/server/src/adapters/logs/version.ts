// Which version of a log was read: told with each answer, and held against the file before and after it is read.
import {
  type LogPlace,
  MalachiteError,
  type OpenFile,
  parseLogPlace,
  printLogPlace,
  type ScannedLog,
  SEAM_BYTES,
  seamSum,
} from "@malachite/core";
import { CutShort } from "./logThreads.ts";

/** The first `sizeBytes` of a file. */
export type Version = {
  readonly sizeBytes: number;
  readonly identity: string;
  readonly place: string;
};

/** The log as it is now. Throws FileChanged when it is not what it was at `since`. */
export async function versionOf({ file, since }: ScannedLog): Promise<Version> {
  const { sizeBytes, identity } = await file.look();
  if (since !== undefined) await check(file, since, "since");
  return { sizeBytes, identity, place: printLogPlace(sizeBytes, identity, await seamAt(file, sizeBytes)) };
}

/** Does the work on one version of the log. A log that is written anew meanwhile is read once more, then told. */
export async function atOneVersion<T>(log: ScannedLog, work: (version: Version) => Promise<T>): Promise<T> {
  for (let again = false; ; again = true) {
    const version = await versionOf(log);
    try {
      const value = await work(version);
      await check(log.file, placeOf(version), "path");
      return value;
    } catch (error) {
      if (error instanceof CutShort ? again : !(isChanged(error) && !again)) throw told(error);
    }
  }
}

const isChanged = (error: unknown): boolean =>
  error instanceof MalachiteError && error.code === "FileChanged" && error.target === "path";

const told = (error: unknown): unknown =>
  error instanceof CutShort ? changed("cut while it was read", "path", error) : error;

/** The place in a version's own words. */
const placeOf = ({ place }: Version): LogPlace => parseLogPlace(place) as LogPlace;

/** Whether the file still begins as it did: by what it is, how long it is, and what lies before the place. */
export async function isStill(
  file: OpenFile,
  { offset, of }: LogPlace,
): Promise<"replaced" | "cut" | "rewritten" | true> {
  const { sizeBytes, identity } = await file.look();
  if (of !== undefined && of.identity !== identity) return "replaced";
  if (sizeBytes < offset) return "cut";
  return of === undefined || seamSum(await seamAt(file, offset)) === of.seam ? true : "rewritten";
}

async function check(file: OpenFile, place: LogPlace, target: string): Promise<void> {
  const still = await isStill(file, place);
  if (still !== true) throw changed(still, target);
}

const changed = (how: string, target: string, cause?: unknown) =>
  new MalachiteError("FileChanged", `The log was ${how}: it is another one now. Begin anew.`, {
    target,
    cause,
  });

/** The last bytes before an offset. */
async function seamAt(file: OpenFile, offset: number): Promise<Uint8Array> {
  const from = Math.max(0, offset - SEAM_BYTES);
  const seam = new Uint8Array(offset - from);
  let at = 0;
  for await (const chunk of file.read(from, offset)) {
    seam.set(chunk.subarray(0, seam.length - at), at);
    at += chunk.length;
    if (at >= seam.length) break;
  }
  return seam.subarray(0, Math.min(at, seam.length));
}
