// Keys for each use, made from the one secret that the data folder keeps, so that a signature for one use never fits another.
import { hkdfSync } from "node:crypto";

/** The fewest bytes a secret may have. */
export const SECRET_BYTES = 32;

/** A 32-byte key for one use. Throws RangeError for a secret that is too short. */
export function keyFor(use: "tokens" | "links" | "blobs", secret: Uint8Array): Uint8Array {
  if (secret.byteLength < SECRET_BYTES) {
    throw new RangeError(`The secret must have ${SECRET_BYTES} bytes or more; it has ${secret.byteLength}.`);
  }
  return new Uint8Array(hkdfSync("sha256", secret, new Uint8Array(0), `malachite ${use} 1`, 32));
}
