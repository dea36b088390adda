// Secrets sealed with AES-256-GCM, by a key that is derived from the data folder's own.
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { MalachiteError, type SecretBox } from "@malachite/core";

const CIPHER = "aes-256-gcm";
const VERSION = "1";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** `secret` is known to the data folder alone; the same secret opens what it has sealed before. */
export function createSecretBox(secret: Uint8Array): SecretBox {
  const key = Buffer.from(hkdfSync("sha256", secret, "", "malachite secret box", 32));
  return {
    seal(text) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
      const sealed = Buffer.concat([nonce, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
      return `${VERSION}.${sealed.toString("base64url")}`;
    },
    open(sealed) {
      try {
        const [version, text = ""] = sealed.split(".");
        if (version !== VERSION) throw new Error(`sealed in the way '${version}'`);
        const bytes = Buffer.from(text, "base64url");
        const nonce = bytes.subarray(0, NONCE_BYTES);
        const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
        decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
        const body = bytes.subarray(NONCE_BYTES, bytes.length - TAG_BYTES);
        return `${decipher.update(body, undefined, "utf8")}${decipher.final("utf8")}`;
      } catch (cause) {
        throw new MalachiteError(
          "StorageFailed",
          "A secret of the records cannot be opened: it was sealed with another data folder's key, or changed. Register what it belongs to again.",
          { cause },
        );
      }
    },
  };
}
