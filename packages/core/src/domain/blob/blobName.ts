// Names of artifacts as blobs: made of [A-Za-z0-9._/-] alone, so that no client encodes them in a way of its own, and read back
// without a look-up. A byte that is none of [A-Za-z0-9.-] is written `_` and two hexadecimal digits.

/** The storage container of all artifacts. Others are named `azureml-…`. */
export const ARTIFACT_BLOBS = "azureml";

const PLAIN = /[A-Za-z0-9.-]/;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** One part of a path. Never empty, `.` or `..`, which clients and proxies would take for something else. */
export function encodeBlobPart(part: string): string {
  if (part === "" || part === "." || part === "..") return `_${part.replace(/\./g, "_2e")}`;
  let text = "";
  for (const byte of encoder.encode(part)) {
    const char = String.fromCharCode(byte);
    text += PLAIN.test(char) ? char : `_${byte.toString(16).padStart(2, "0")}`;
  }
  return text;
}

/** Undefined for what encodeBlobPart never makes. */
export function decodeBlobPart(text: string): string | undefined {
  if (/^_(?:_2e){0,2}$/.test(text)) return text.slice(1).replace(/_2e/g, ".");
  if (!/^(?:[A-Za-z0-9.-]|_[0-9a-f]{2})+$/.test(text)) return undefined;
  const bytes = text.replace(/_([0-9a-f]{2})|[\s\S]/g, (char, hex: string | undefined) => hex ?? hexOf(char));
  try {
    return decoder.decode(Uint8Array.from(bytes.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)));
  } catch {
    // Bytes that are no UTF-8.
    return undefined;
  }
}

const hexOf = (char: string): string => char.charCodeAt(0).toString(16).padStart(2, "0");

/** A path with its slashes. */
export const encodeBlobPath = (path: string): string => path.split("/").map(encodeBlobPart).join("/");

export function decodeBlobPath(text: string): string | undefined {
  const parts = text.split("/").map(decodeBlobPart);
  return parts.includes(undefined) ? undefined : parts.join("/");
}
