// Which image some bytes are, by themselves: names and declared types are the user's. Pure.

const SIGNS: readonly (readonly [sign: RegExp, type: string])[] = [
  [/^\x89PNG\r\n\x1a\n/, "image/png"],
  [/^\xff\xd8\xff/, "image/jpeg"],
  [/^GIF8[79]a/, "image/gif"],
  [/^RIFF[\s\S]{4}WEBP/, "image/webp"],
  [/^BM/, "image/bmp"],
  [/^[\s\S]{4}ftypavi[fs]/, "image/avif"],
  [/^\x00\x00\x01\x00/, "image/x-icon"],
  // As an image a browser neither runs its scripts nor loads what it names.
  [
    /^(?:\xef\xbb\xbf)?\s*(?:<\?xml[\s\S]*?\?>\s*)?(?:<!--[\s\S]*?-->\s*)*(?:<!DOCTYPE svg[^>]*>\s*)?<svg[\s>]/,
    "image/svg+xml",
  ],
];

/** The media type; undefined for what is no image that browsers show. */
export function imageType(bytes: Uint8Array): string | undefined {
  const head = String.fromCharCode(...bytes.subarray(0, 4096));
  return SIGNS.find(([sign]) => sign.test(head))?.[1];
}
