// Headers by which a browser saves a file of a user, or shows it, and never runs it.

/** A file of a user may be anything: a browser runs none of it. */
export const HARMLESS = {
  "x-content-type-options": "nosniff",
  "content-security-policy": "sandbox; default-src 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
} as const;

/** Under the file's own name; the plain form for readers that do not know the encoded one. */
export function disposition(path: string, as: "attachment" | "inline" = "attachment"): string {
  const name = path.slice(path.lastIndexOf("/") + 1) || "file";
  const plain = name.replace(/[^\w.() -]/g, "_");
  // A lone surrogate cannot be percent-encoded.
  const encoded = encodeURIComponent(name.toWellFormed()).replace(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `${as}; filename="${plain}"; filename*=UTF-8''${encoded}`;
}
