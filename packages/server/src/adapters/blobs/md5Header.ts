// The sum of a blob's bytes among all that is said of it.
import type { BlobHeaders } from "@malachite/core";

/** What is still true when bytes came to its end. */
export function withoutMd5({ contentMd5: _, ...headers }: BlobHeaders): BlobHeaders {
  return headers;
}

/** The MD5 that was computed, where none was said. */
export const withMd5 = (headers: BlobHeaders, md5: string): BlobHeaders =>
  headers.contentMd5 === undefined ? { ...headers, contentMd5: md5 } : headers;
