// Secrets on their way: sealed in the store they come from by its data folder's key, in the archive by a key of the user's, or left out.
import { randomBytes, scryptSync } from "node:crypto";
import { readFile } from "node:fs/promises";
import { MalachiteError, type SecretBox } from "@malachite/core";
import { createSecretBox } from "../adapters/system/secretBox.ts";
import type { Head } from "./archive/items.ts";

const PROBE = "malachite";
const SALT_BYTES = 16;
/** About a tenth of a second and 64 MB: a guess at a passphrase costs as much. */
const COST = { N: 2 ** 16, r: 8, p: 1, maxmem: 128 * 1024 * 1024 };
const LEAST_CHARACTERS = 12;

/** The words of a key file. Throws InvalidRequest. */
export async function readKeyFile(file: string): Promise<string> {
  const text = await readFile(file, "utf8").catch((cause: NodeJS.ErrnoException) => {
    throw new MalachiteError("InvalidRequest", `The key file '${file}' cannot be read: ${cause.code}.`, {
      cause,
    });
  });
  const key = text.trim();
  if (key.length >= LEAST_CHARACTERS) return key;
  throw new MalachiteError(
    "InvalidRequest",
    `The key file '${file}' must hold at least ${LEAST_CHARACTERS} characters, as \`openssl rand -hex 32\` writes them.`,
  );
}

const boxOf = (key: string, salt: string): SecretBox =>
  createSecretBox(scryptSync(key, Buffer.from(salt, "hex"), 32, COST));

/** A box for a new archive, and what its head says of it. */
export function newArchiveBox(key: string): { readonly box: SecretBox; readonly secrets: Head["secrets"] } {
  const salt = randomBytes(SALT_BYTES).toString("hex");
  const box = boxOf(key, salt);
  return { box, secrets: { salt, probe: box.seal(PROBE) } };
}

/** The box of an archive. Throws InvalidRequest for another key. */
export function archiveBox(secrets: NonNullable<Head["secrets"]>, key: string): SecretBox {
  const box = boxOf(key, secrets.salt);
  try {
    if (box.open(secrets.probe) === PROBE) return box;
  } catch {
    // Sealed with another key.
  }
  throw new MalachiteError(
    "InvalidRequest",
    "The secrets of the archive were sealed with another key than this.",
  );
}
