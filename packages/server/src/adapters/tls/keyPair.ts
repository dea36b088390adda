// A private key with its certificate: as text, in one file, and whether it is still good.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { isIP } from "node:net";

/** PEM texts. `certificate` may hold a chain, the server's own first. */
export type KeyPair = { readonly key: string; readonly certificate: string };

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]+?-----END \1-----/g;

/** Both in one text, so that a file holds both or, after a power cut, what was there before. */
export const printPair = ({ key, certificate }: KeyPair): string => `${key.trim()}\n${certificate.trim()}\n`;

/** Throws for a text without a key and certificates, or whose certificate is not of its key. */
export function readPair(text: string): KeyPair {
  const blocks = [...text.matchAll(BLOCK)].map(([block, kind]) => ({ block, kind: kind ?? "" }));
  const key = blocks.find(({ kind }) => kind.endsWith("PRIVATE KEY"))?.block;
  const chain = blocks.filter(({ kind }) => kind === "CERTIFICATE").map(({ block }) => block);
  if (key === undefined) throw new Error("there is no private key in it");
  if (chain.length === 0) throw new Error("there is no certificate in it");
  const pair = { key: `${key}\n`, certificate: `${chain.join("\n")}\n` };
  if (!certificateOf(pair).checkPrivateKey(createPrivateKey(pair.key))) {
    throw new Error("its key is not the key of its certificate");
  }
  return pair;
}

export const certificateOf = ({ certificate }: KeyPair): X509Certificate => new X509Certificate(certificate);

/** True when it is valid now and will be for so long. */
export const lasts = (pair: KeyPair, now: number, forMs: number): boolean => {
  const { validFromDate, validToDate } = certificateOf(pair);
  return validFromDate.getTime() <= now && validToDate.getTime() > now + forMs;
};

/** The names of these that the certificate is not for. */
export function namesMissing(pair: KeyPair, names: readonly string[]): string[] {
  const certificate = certificateOf(pair);
  return names.filter((name) =>
    isIP(name) === 0
      ? certificate.checkHost(name, { wildcards: true, subject: "never" }) === undefined
      : certificate.checkIP(name) === undefined,
  );
}

/** True when the certificate was signed by that authority's key. */
export function isSignedBy(pair: KeyPair, authority: KeyPair): boolean {
  const issuer = certificateOf(authority);
  const certificate = certificateOf(pair);
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}
