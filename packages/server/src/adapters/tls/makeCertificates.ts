// Makes the two certificates of a data folder: its authority's and its server's. Loaded only when one is to be made.
import "reflect-metadata";
import { randomBytes } from "node:crypto";
import { isIP } from "node:net";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import type { KeyPair } from "./keyPair.ts";

/** What every client of the last ten years takes, and quick to make. */
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY_MS = 24 * 3600_000;
/** Clients trust the authority once and for all. Ends before 2050, after which dates are written in another form. */
const AUTHORITY_DAYS = 20 * 365;
/** The longest that every platform takes from an authority that was added by hand is 825. */
const SERVER_DAYS = 397;
/** Clocks of clients run late. */
const EARLIER_MS = DAY_MS;

/** A new authority, which signs certificates of servers and nothing below them. */
export async function makeAuthority(now: number): Promise<KeyPair> {
  const keys = await newKeys();
  const identifier = await SubjectKeyIdentifierExtension.create(keys.publicKey);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    // Bundles of clients may hold several of these, so each has a name of its own.
    name: [{ O: ["Malachite"] }, { CN: [`Malachite authority ${identifier.keyId.slice(0, 8)}`] }],
    ...validFor(AUTHORITY_DAYS, now),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      identifier,
    ],
  });
  return { key: await exportKey(keys.privateKey), certificate: pem(certificate) };
}

/** A certificate of a server with these names, signed by the authority. */
export async function makeServerCertificate(
  authority: KeyPair,
  names: readonly string[],
  now: number,
): Promise<KeyPair> {
  const keys = await newKeys();
  const issuer = new X509Certificate(authority.certificate);
  const extensions: Extension[] = [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
    new SubjectAlternativeNameExtension(
      names.map((name) => ({ type: isIP(name) === 0 ? ("dns" as const) : ("ip" as const), value: name })),
    ),
    await SubjectKeyIdentifierExtension.create(keys.publicKey),
    await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
  ];
  const certificate = await X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject: [{ O: ["Malachite"] }, { CN: ["Malachite server"] }],
    issuer: issuer.subjectName.toJSON(),
    ...validFor(SERVER_DAYS, now),
    publicKey: keys.publicKey,
    signingKey: await importKey(authority.key),
    signingAlgorithm: ALGORITHM,
    extensions,
  });
  return { key: await exportKey(keys.privateKey), certificate: pem(certificate) };
}

const newKeys = (): Promise<CryptoKeyPair> => crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);

/** 127 random bits; the first bits are such that every reader takes it for a positive number of this length. */
function newSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString("hex");
}

const validFor = (days: number, now: number) => ({
  notBefore: new Date(now - EARLIER_MS),
  notAfter: new Date(now + days * DAY_MS),
});

const pem = (certificate: X509Certificate): string => `${certificate.toString("pem")}\n`;

const exportKey = async (key: CryptoKey): Promise<string> =>
  `${PemConverter.encode(await crypto.subtle.exportKey("pkcs8", key), PemConverter.PrivateKeyTag)}\n`;

const importKey = (key: string): Promise<CryptoKey> =>
  crypto.subtle.importKey("pkcs8", PemConverter.decodeFirst(key), ALGORITHM, false, ["sign"]);
