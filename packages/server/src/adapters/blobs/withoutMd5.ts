// What is still true of a blob when bytes came to its end: all that was said of it but the sum of its bytes.
import type { BlobHeaders } from "@malachite/core";

export function withoutMd5({ contentMd5: _, ...headers }: BlobHeaders): BlobHeaders {
  return headers;
}
