// Reads a JSON body: any JSON-like content type, bounded in size and depth, with the place of a fault. Not for what it means.
import { MalachiteError } from "@malachite/core";
import { jsonFault } from "./jsonFault.ts";

/** Deeper than any definition; far below what would hurt. */
export const DEEPEST = 200;
const JSON_TYPE = /^(?:application|text)\/(?:[\w.+-]+\+)?(?:x-)?json$/;

export type JsonBody = { readonly given: false } | { readonly given: true; readonly value: unknown };

/**
 * Reads the whole body and parses it. An empty body is `given: false`, whatever its content type. Throws
 * UnsupportedMediaType, TooLarge, BadJson.
 */
export async function readJson(
  body: AsyncIterable<Uint8Array>,
  contentType: string | undefined,
  limitBytes: number,
  { nonFinite = false }: { readonly nonFinite?: boolean } = {},
): Promise<JsonBody> {
  const bytes = await readBytes(body, limitBytes);
  if (bytes.length === 0) return { given: false };
  const charset = charsetOf(contentType);
  return { given: true, value: parseJson(bytes, charset, nonFinite) };
}

/** All bytes of a stream. Throws TooLarge as soon as there are more than `limitBytes`. */
export async function readBytes(body: AsyncIterable<Uint8Array>, limitBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > limitBytes) {
      throw new MalachiteError("TooLarge", `The JSON is larger than ${limitBytes} bytes. Send less at once.`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Parses JSON text. Throws BadJson telling the position, TooLarge when it is nested too deeply. */
export function parseJson(bytes: Uint8Array, charset = "utf-8", nonFinite = false): unknown {
  const text = decode(bytes, charset);
  if (isTooDeep(text)) {
    throw new MalachiteError("TooLarge", `The JSON is nested more than ${DEEPEST} levels deep.`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const quoted = nonFinite ? quoteNonFinite(text) : text;
    if (quoted !== text) return parseJson(Buffer.from(quoted), "utf-8");
    const place = jsonFault(text);
    const found = place === undefined ? "" : ` It stops being so at ${place}.`;
    throw new MalachiteError("BadJson", `The body is not JSON.${found}`, { cause });
  }
  refuseProto(value, text);
  return value;
}

/** The charset of a JSON body. Throws UnsupportedMediaType for a body of another type. */
export function charsetOf(contentType: string | undefined): string {
  const [type = "", ...options] = (contentType ?? "").split(";").map((part) => part.trim().toLowerCase());
  if (!JSON_TYPE.test(type)) {
    const found = contentType === undefined ? "none was sent" : `'${contentType.slice(0, 100)}' was sent`;
    throw new MalachiteError(
      "UnsupportedMediaType",
      `The body must be JSON with the content type application/json; ${found}.`,
      { target: "Content-Type" },
    );
  }
  const charset = options.map((option) => /^charset\s*=\s*"?([^"]+)"?$/.exec(option)?.[1]).find(Boolean);
  return charset ?? "utf-8";
}

function decode(bytes: Uint8Array, charset: string): string {
  let decoder: TextDecoder;
  try {
    decoder = new TextDecoder(charset, { fatal: true });
  } catch {
    // TextDecoder knows every encoding of the web; another label is no encoding.
    throw new MalachiteError("UnsupportedMediaType", `The charset '${charset}' is not known. Send UTF-8.`, {
      target: "Content-Type",
    });
  }
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new MalachiteError("BadJson", `The body is not text in ${charset}.`, { cause });
  }
}

/** Counts brackets outside strings, without building anything. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x22) {
      i = endOfString(text, i);
    } else if (code === 0x7b || code === 0x5b) {
      if (++depth > DEEPEST) return true;
    } else if (code === 0x7d || code === 0x5d) depth--;
  }
  return false;
}

const BARE = /(?<![\w.+-])(?:NaN|-?Infinity)(?![\w.+-])/g;

/** Python's json module writes these three as bare words; strings are left alone. */
function quoteNonFinite(text: string): string {
  const parts: string[] = [];
  for (let at = 0; at < text.length; ) {
    const quote = text.indexOf('"', at);
    const open = quote === -1 ? text.length : quote;
    parts.push(text.slice(at, open).replace(BARE, '"$&"'));
    const end = quote === -1 ? text.length : endOfString(text, open) + 1;
    parts.push(text.slice(open, end));
    at = end;
  }
  return parts.join("");
}

/** The index of the quote that closes the string which begins at `start`; the text's end when there is none. */
function endOfString(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x22) return i;
    if (code === 0x5c) i++;
  }
  return text.length;
}

/**
 * A property named `__proto__` is a plain property here, but would change an object's nature wherever it is copied by
 * assignment. No client sends one, so it is refused once, here.
 */
function refuseProto(value: unknown, text: string): void {
  if (!/__proto__|\\u00[57][0-9a-f]/i.test(text)) return;
  const open: unknown[] = [value];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next !== "object" || next === null) continue;
    if (Object.hasOwn(next, "__proto__")) {
      throw new MalachiteError("BadJson", "The body has a property named '__proto__', which is not taken.", {
        target: "__proto__",
      });
    }
    for (const inner of Object.values(next))
      if (typeof inner === "object" && inner !== null) open.push(inner);
  }
}
