// What may be the path of a file inside a folder: of a project, of a run's artifacts. Text rules only: whether a link on the
// disk leads elsewhere is the business of the file layer, which opens.

/** Why a text is no path inside a folder. */
export type PathFault =
  | "empty"
  | "absolute"
  | "driveLetter"
  | "backslash"
  | "controlCharacter"
  | "notUnicode"
  | "emptySegment"
  | "dotSegment"
  | "segmentTooLong"
  | "tooLong"
  | "tooDeep";

export type PathCheck =
  | { readonly ok: true }
  | { readonly ok: false; readonly fault: PathFault; readonly reason: string };

/** The longest name that the file systems of Linux and macOS take. */
export const LONGEST_SEGMENT_BYTES = 255;
/** Linux takes 4,096 bytes for a whole path; this leaves room for the folder in front of it. */
export const LONGEST_PATH_BYTES = 3_000;
/** Deeper trees are attacks; the deepest real ones (nested node_modules) stay below 60. */
export const DEEPEST_LEVEL = 200;

const CONTROL = /[\u0000-\u001f\u007f]/;
const encoder = new TextEncoder();
const refuse = (fault: PathFault, reason: string): PathCheck => ({ ok: false, fault, reason });

/**
 * Whether `path` names one file inside its folder, on any POSIX file system. The reason is half a sentence for people.
 *
 * Names that only Windows refuses (`CON`, `aux.c`, a trailing dot or space) are taken: they occur in real projects, and runs
 * are executed on POSIX systems. A backslash and a drive letter are refused, though Linux would take them as letters of a
 * name: whoever unpacks the same project on Windows would be led out of the folder.
 */
export function checkProjectPath(path: string): PathCheck {
  if (path === "") return refuse("empty", "it is empty.");
  if (path.startsWith("/")) return refuse("absolute", "it begins with '/', so it is not inside the folder.");
  if (path.includes("\\")) return refuse("backslash", "it has a backslash; separate folders with '/'.");
  if (/^[a-zA-Z]:/.test(path)) return refuse("driveLetter", "it begins with a drive letter.");
  if (CONTROL.test(path))
    return refuse("controlCharacter", "it has a control character (NUL, tab, newline, …).");
  if (!path.isWellFormed()) return refuse("notUnicode", "it is not valid Unicode.");
  const segments = path.split("/");
  if (segments.length > DEEPEST_LEVEL) {
    return refuse("tooDeep", `it is ${segments.length} levels deep; ${DEEPEST_LEVEL} are allowed.`);
  }
  for (const segment of segments) {
    if (segment === "") return refuse("emptySegment", "it has an empty part ('//' or a '/' at the end).");
    if (segment === "." || segment === "..") return refuse("dotSegment", `it has the part '${segment}'.`);
    // At most three bytes a code unit, so most names need no encoding.
    if (segment.length * 3 > LONGEST_SEGMENT_BYTES && bytesOf(segment) > LONGEST_SEGMENT_BYTES) {
      return refuse("segmentTooLong", `a name in it has more than ${LONGEST_SEGMENT_BYTES} bytes.`);
    }
  }
  if (path.length * 3 > LONGEST_PATH_BYTES && bytesOf(path) > LONGEST_PATH_BYTES) {
    return refuse("tooLong", `it has more than ${LONGEST_PATH_BYTES} bytes.`);
  }
  return { ok: true };
}

const bytesOf = (text: string): number => encoder.encode(text).length;
