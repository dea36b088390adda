// The files that Python clients are pointed to: a bundle of authorities, and a folder for what they note about the cloud.
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { getCACertificates, rootCertificates } from "node:tls";
import type { Io } from "../io.ts";
import { fileNameOf, homeOf, readIfThere, replaceFile } from "./authority.ts";

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;
/** Where a machine names authorities of its own, as those of a company's proxy. */
const TRUST_VARIABLES = ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"];

/** Writes the bundle: the public authorities, those of this machine and shell, and the service's own. Gives its path. */
export function writeBundle(endpoint: string, authority: string | undefined, io: Io): string {
  const file = join(homeOf(io), "trust", `${fileNameOf(endpoint)}.bundle.pem`);
  // A bundle that an earlier `malachite env` wrote is in the shell's variables too; what it was made of is here again.
  const named = TRUST_VARIABLES.flatMap((name) => io.env[name] || []).filter(
    (path) => !path.startsWith(join(homeOf(io), "trust")),
  );
  const texts = [
    authority ?? "",
    ...rootCertificates,
    ...getCACertificates("system"),
    ...[...new Set(named)].map((path) => readIfThere(path) ?? ""),
  ];
  const known = new Map<string, string>();
  for (const [certificate] of texts.join("\n").matchAll(CERTIFICATE)) {
    const content = certificate.replace(/\s/g, "");
    if (!known.has(content)) known.set(content, certificate.replace(/\r/g, ""));
  }
  const bundle = `${[...known.values()].join("\n")}\n`;
  if (readIfThere(file) !== bundle) replaceFile(file, bundle);
  return file;
}

/**
 * The folder for AZURE_CONFIG_DIR: one for each endpoint, because the SDK never asks again for what it has noted there. Clients
 * of 2022 fail where there is no such folder.
 */
export function makeConfigFolder(endpoint: string, io: Io): string {
  const folder = join(homeOf(io), "azure", fileNameOf(endpoint));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  rmSync(join(folder, "cloudEndpoints.json"), { force: true });
  return folder;
}
