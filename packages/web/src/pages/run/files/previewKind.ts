// How a file is shown, by its name and its first bytes.

export type PreviewKind =
  | "image"
  | "pdf"
  | "page"
  | "table"
  | "json"
  | "markdown"
  | "text"
  | "media"
  | "none";

const BY_ENDING: Readonly<Record<string, PreviewKind>> = {
  png: "image",
  jpg: "image",
  jpeg: "image",
  gif: "image",
  webp: "image",
  avif: "image",
  bmp: "image",
  ico: "image",
  svg: "image",
  pdf: "pdf",
  html: "page",
  htm: "page",
  csv: "table",
  tsv: "table",
  jsonl: "table",
  ndjson: "table",
  json: "json",
  ipynb: "json",
  md: "markdown",
  markdown: "markdown",
};
/** For pictures, which are shown from their bytes. */
const IMAGE_TYPES: Readonly<Record<string, string>> = {
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  gif: "image/gif",
  webp: "image/webp",
  avif: "image/avif",
  bmp: "image/bmp",
  ico: "image/x-icon",
  svg: "image/svg+xml",
};

const endingOf = (path: string): string => /\.([a-z0-9]{1,10})$/i.exec(path)?.[1]?.toLowerCase() ?? "";

export const imageType = (path: string): string => IMAGE_TYPES[endingOf(path)] ?? "application/octet-stream";

/** What has a NUL in its first bytes is no text, whatever it is called. */
export function previewKind(path: string, start: Uint8Array): PreviewKind {
  const kind = BY_ENDING[endingOf(path)];
  if (kind === "image" || kind === "pdf") return kind;
  if (start.subarray(0, 8192).includes(0)) return "none";
  return kind ?? "text";
}
