// How a file of a user is shown in a browser: with its type by its name, and so that nothing in it runs as a script of the service.
import { disposition, HARMLESS } from "./harmless.ts";

/** Types that are shown, by the end of the name. All others are text when they look like it, and are saved otherwise. */
const TYPES: Readonly<Record<string, string>> = {
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  gif: "image/gif",
  webp: "image/webp",
  avif: "image/avif",
  bmp: "image/bmp",
  ico: "image/x-icon",
  svg: "image/svg+xml",
  pdf: "application/pdf",
  html: "text/html; charset=utf-8",
  htm: "text/html; charset=utf-8",
  json: "application/json; charset=utf-8",
  mp4: "video/mp4",
  webm: "video/webm",
  mp3: "audio/mpeg",
  ogg: "audio/ogg",
  wav: "audio/wav",
};
const TEXT = "text/plain; charset=utf-8";

/** A page or a picture of a user: no script, no form, no plug-in, no request to anywhere, and an origin of its own. */
const SANDBOX =
  "sandbox; default-src 'none'; img-src data:; media-src data:; font-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";
/**
 * Browsers refuse to show a PDF in a sandbox. Their own viewers show it apart from the page, with its scripts in a world of their own,
 * and with `nosniff` it is taken for nothing else.
 */
const PDF =
  "default-src 'none'; object-src 'self'; img-src data: blob:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

/** Headers that show the file. `start` is its first bytes: what only calls itself PDF is not shown as one. */
export function inlineHeaders(path: string, start: Uint8Array): Readonly<Record<string, string>> {
  const ending = /\.([a-z0-9]{1,8})$/i.exec(path)?.[1]?.toLowerCase() ?? "";
  const type = TYPES[ending] ?? (looksLikeText(start) ? TEXT : undefined);
  if (type === undefined || (ending === "pdf" && !isPdf(start)))
    return { "content-disposition": disposition(path) };
  return {
    ...HARMLESS,
    "content-security-policy": ending === "pdf" ? PDF : SANDBOX,
    "content-disposition": disposition(path, "inline"),
    "content-type": type,
  };
}

const isPdf = (start: Uint8Array): boolean => Buffer.from(start).includes("%PDF-");

/** A NUL is in no text that a browser shows. */
const looksLikeText = (start: Uint8Array): boolean => !start.includes(0);
