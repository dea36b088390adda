// Where a file of a run may be put on this machine. Names come from a server, and so from whoever wrote the run: none is trusted.

/** A name that could lead out of the folder, or that this machine cannot have. */
export class UnsafePathError extends Error {
  override readonly name = "UnsafePathError";
  readonly path: string;
  constructor(path: string, reason: string) {
    super(`The run has a file named ${JSON.stringify(path)}, which cannot be saved here: ${reason}.`);
    this.path = path;
  }
}

const WINDOWS_DEVICE = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(\..*)?$/i;

/** The parts of a relative path with forward slashes. Throws UnsafePathError. */
export function safeSegments(path: string, platform: NodeJS.Platform = process.platform): string[] {
  const segments = path.split("/");
  for (const segment of segments) {
    const reason = unsafe(segment, platform);
    if (reason !== undefined) throw new UnsafePathError(path, reason);
  }
  return segments;
}

function unsafe(segment: string, platform: NodeJS.Platform): string | undefined {
  if (segment === "") return "a part of it is empty";
  if (segment === "." || segment === "..") return `'${segment}' leads elsewhere`;
  if (segment.includes("\0")) return "it holds a NUL";
  if (Buffer.byteLength(segment) > 255) return "a part of it is longer than 255 bytes";
  if (platform !== "win32") return undefined;
  if (/[<>:"|?*\\\u0001-\u001f]/.test(segment)) return "it holds a character that Windows does not allow";
  if (/[. ]$/.test(segment)) return "a part of it ends in a dot or a blank, which Windows drops";
  if (WINDOWS_DEVICE.test(segment)) return "it is the name of a device";
  return undefined;
}
