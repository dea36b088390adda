// The name of a zip entry as text. Zips have four ways to write one that is not plain ASCII.
import { crc32 } from "node:zlib";

const UTF8_FLAG = 1 << 11;
const UNICODE_PATH = 0x7075;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** The upper half of code page 437, which the zip format prescribes for names without the UTF-8 flag. */
const CP437 =
  "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0";

/**
 * The name, or undefined when it says to be UTF-8 and is not. Without the UTF-8 flag: Info-ZIP's extra field, then UTF-8 if
 * the bytes are (macOS writes it without the flag), then code page 437.
 */
export function entryName(
  bytes: Buffer,
  flags: number,
  extras: ReadonlyMap<number, Buffer>,
): string | undefined {
  if (isAscii(bytes)) return bytes.toString("latin1");
  if (flags & UTF8_FLAG) return decoded(bytes);
  const extra = extras.get(UNICODE_PATH);
  if (extra && extra.length > 5 && extra[0] === 1 && extra.readUInt32LE(1) === crc32(bytes)) {
    return decoded(extra.subarray(5));
  }
  return (
    decoded(bytes) ?? Array.from(bytes, (b) => (b < 128 ? String.fromCharCode(b) : CP437[b - 128])).join("")
  );
}

function isAscii(bytes: Buffer): boolean {
  for (const byte of bytes) if (byte > 127) return false;
  return true;
}

function decoded(bytes: Buffer): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined; // The decoder throws for bytes that are not UTF-8; that is the answer.
  }
}
