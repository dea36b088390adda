// The certificates of a data folder: an authority, made once, which clients trust; a server certificate, renewed before it
// ends; and the bundle that code in runs trusts. Each file is written whole, a key together with its certificate.
import { readFile } from "node:fs/promises";
import { domainToASCII } from "node:url";
import { type Log, MalachiteError } from "@malachite/core";
import { hasCode, onStorage, writeFileAtomic } from "../../files/index.ts";
import { isSignedBy, type KeyPair, lasts, namesMissing, printPair, readPair } from "./keyPair.ts";
import { trustBundle } from "./trustBundle.ts";

export type CertificatesAsk = {
  /** Where they are kept; made if missing. */
  readonly folder: string;
  /** Names and addresses that the server is called by. */
  readonly names: readonly string[];
  /** A certificate of the operator's own and its key, as paths. */
  readonly given?: { readonly certificate: string; readonly key: string };
  /** Bundles of certificates that this machine trusts beside the system's. */
  readonly trusted: readonly string[];
  readonly now: () => number;
  readonly log: Log;
};

export interface Certificates extends Disposable {
  /** The authority's certificate, PEM. */
  readonly authority: string;
  /** The path of a bundle that holds it and all public authorities. */
  readonly bundle: string;
  /** What the server shows now. */
  current(): KeyPair;
  /** Is told of every new certificate. Starts looking after the one that is there. */
  onRenewal(take: (pair: KeyPair) => void): void;
}

const DAY_MS = 24 * 3600_000;
const RENEW_BEFORE_MS = 30 * DAY_MS;
const LOOK_EVERY_MS = 6 * 3600_000;

/** Throws StorageFailed for a folder that cannot be used, InvalidRequest for a certificate that was given and is not right. */
export async function openCertificates(ask: CertificatesAsk): Promise<Certificates> {
  const { folder, given, log } = ask;
  const names = [...new Set(ask.names.map((name) => domainToASCII(name) || name))];
  const doing = "Keeping the certificates of the data folder";
  const authority = await onStorage(doing, () => keepAuthority(`${folder}/authority.pem`, ask));
  const own = () => onStorage(doing, () => keepServer(`${folder}/server.pem`, authority, names, ask));
  const read = given === undefined ? own : () => readGiven(given);

  let current = await read();
  const ca = `${folder}/ca.pem`;
  const bundle = `${folder}/ca-bundle.pem`;
  await onStorage(doing, async () => {
    await writeIfOther(ca, authority.certificate);
    // A certificate of the operator's own may be one that only it vouches for.
    const own = given === undefined ? [] : [current.certificate];
    await writeIfOther(bundle, await trustBundle([authority.certificate, ...own], ask.trusted));
  });

  let timer: NodeJS.Timeout | undefined;
  return {
    authority: authority.certificate,
    bundle,
    current: () => current,
    onRenewal(take) {
      const look = async () => {
        const found = await read();
        if (found.certificate === current.certificate) return;
        current = found;
        take(found);
        log.info("certificate renewed");
      };
      timer ??= setInterval(
        () => void look().catch((error) => log.error("the certificate could not be renewed", error)),
        LOOK_EVERY_MS,
      ).unref();
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

/** The one that is there, unless it ends soon: clients would have to be told of another. */
async function keepAuthority(file: string, { now, log }: CertificatesAsk): Promise<KeyPair> {
  const text = await readIfThere(file);
  if (text !== undefined) {
    const kept = readKept(file, text);
    if (lasts(kept, now(), RENEW_BEFORE_MS)) return kept;
    log.warn("the certificate authority ends soon and is replaced: clients need the new ca.pem");
  }
  const { makeAuthority } = await import("./makeCertificates.ts");
  const made = await makeAuthority(now());
  await writeFileAtomic(file, printPair(made), 0o600);
  return made;
}

/** A damaged authority is not replaced in silence: every client would cease to trust this service. */
function readKept(file: string, text: string): KeyPair {
  try {
    return readPair(text);
  } catch (cause) {
    throw new MalachiteError(
      "StorageFailed",
      `The certificate authority ${file} is damaged: ${(cause as Error).message}. Bring it back from a copy; or remove it, so that a new one is made, and give clients the new ca.pem.`,
      { cause },
    );
  }
}

/** The server's certificate that is there, or another where that one is damaged, ends soon or lacks names. */
async function keepServer(
  file: string,
  authority: KeyPair,
  names: readonly string[],
  { now }: CertificatesAsk,
): Promise<KeyPair> {
  const text = await readIfThere(file);
  const kept = text === undefined ? undefined : readOrNothing(text);
  const good =
    kept !== undefined &&
    lasts(kept, now(), RENEW_BEFORE_MS) &&
    isSignedBy(kept, authority) &&
    namesMissing(kept, names).length === 0;
  if (good) return kept;
  const { makeServerCertificate } = await import("./makeCertificates.ts");
  const made = await makeServerCertificate(authority, names, now());
  await writeFileAtomic(file, printPair(made), 0o600);
  return made;
}

function readOrNothing(text: string): KeyPair | undefined {
  try {
    return readPair(text);
  } catch {
    // Whatever it is, another one is made in its place.
    return undefined;
  }
}

async function readGiven({ certificate, key }: { certificate: string; key: string }): Promise<KeyPair> {
  try {
    return readPair(`${await readFile(key, "utf8")}\n${await readFile(certificate, "utf8")}`);
  } catch (cause) {
    throw new MalachiteError(
      "InvalidRequest",
      `--tls-cert ${certificate} and --tls-key ${key} cannot be used: ${(cause as Error).message}. They must be PEM files, the key without a password.`,
      { cause },
    );
  }
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

async function writeIfOther(file: string, text: string): Promise<void> {
  if ((await readIfThere(file)) !== text) await writeFileAtomic(file, text);
}
