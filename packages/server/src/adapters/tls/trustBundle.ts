// Everything that code in a run may trust: the public authorities, those of this machine, and the service's own.
import { readFile } from "node:fs/promises";
import { getCACertificates, rootCertificates } from "node:tls";

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** `files` are bundles of the operator's own, as an environment names them; one that cannot be read is left out. */
export async function trustBundle(own: readonly string[], files: readonly string[]): Promise<string> {
  const texts = [...own, ...rootCertificates, ...getCACertificates("system")];
  for (const file of new Set(files)) texts.push(await readFile(file, "utf8").catch(() => ""));
  const known = new Map<string, string>();
  for (const [certificate] of texts.join("\n").matchAll(CERTIFICATE)) {
    const content = certificate.replace(/\s/g, "");
    if (!known.has(content)) known.set(content, certificate.replace(/\r/g, ""));
  }
  return `${[...known.values()].join("\n")}\n`;
}
