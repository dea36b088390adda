// Lets so many bytes of a stream through. For what is kept in a file, but read whole later.
import { MalachiteError } from "@malachite/core";

/** Throws TooLarge at the first byte beyond. */
export async function* atMost(
  stream: AsyncIterable<Uint8Array>,
  limitBytes: number,
): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.byteLength;
    if (size > limitBytes)
      throw new MalachiteError("TooLarge", `The JSON is larger than ${limitBytes} bytes. Send less at once.`);
    yield chunk;
  }
}
