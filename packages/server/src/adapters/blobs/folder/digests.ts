// Checks what a sender says his bytes are: MD5 and Azure's CRC-64, computed while the bytes go by.
import { createHash } from "node:crypto";
import { type BlobDigests, Crc64, MalachiteError } from "@malachite/core";

/** Passes the bytes on; `check` compares at the end and answers the MD5 in base64. Throws ContentMismatch. */
export function watchDigests(
  stream: AsyncIterable<Uint8Array>,
  wanted: BlobDigests,
): { readonly bytes: AsyncIterable<Uint8Array>; check(): string } {
  const md5 = createHash("md5");
  const crc = wanted.crc64 === undefined ? undefined : new Crc64();
  async function* watched(): AsyncGenerator<Uint8Array> {
    for await (const chunk of stream) {
      md5.update(chunk);
      crc?.update(chunk);
      yield chunk;
    }
  }
  return {
    bytes: watched(),
    check() {
      const found = md5.digest("base64");
      if (wanted.md5 !== undefined && wanted.md5 !== found) throw mismatch("MD5", wanted.md5, found);
      const sum = crc && Buffer.from(crc.digest()).toString("base64");
      if (sum !== undefined && wanted.crc64 !== sum) throw mismatch("CRC-64", wanted.crc64 ?? "", sum);
      return found;
    },
  };
}

const mismatch = (what: "MD5" | "CRC-64", wanted: string, found: string): MalachiteError =>
  new MalachiteError(
    "ContentMismatch",
    `The bytes that came have the ${what} ${found}, not ${wanted.slice(0, 64)} as was said. Send them again.`,
    { target: what === "MD5" ? "blob:Md5Mismatch" : "blob:Crc64Mismatch" },
  );
