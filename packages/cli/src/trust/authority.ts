// The certificate authority of a service: fetched once, kept for the endpoint, and trusted from then on by this command line
// and by the clients that `malachite env` sets up.
import { X509Certificate } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { get as getHttp, type IncomingMessage, type RequestOptions } from "node:http";
import { get as getHttps } from "node:https";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { getCACertificates, setDefaultCACertificates, type TLSSocket } from "node:tls";
import { isUntrusted } from "../errors/explain.ts";
import { UsageError } from "../errors/usageError.ts";
import type { Io } from "../io.ts";

const TIMEOUT_MS = 10_000;
const MOST_BYTES = 64 * 1024;
const LOOPBACK = /^(127(\.\d{1,3}){3}|\[::1\]|localhost)$/i;

/** The folder of what the command line keeps for a user. */
export const homeOf = ({ env }: Io): string => join(env.HOME ?? homedir(), ".malachite");

/** A name for files about one endpoint. */
export const fileNameOf = (endpoint: string): string => {
  const { hostname, port, protocol } = new URL(endpoint);
  return `${hostname.replace(/[^\w.-]/g, "-")}_${port || (protocol === "https:" ? "443" : "80")}`;
};

const fileOf = (endpoint: string, io: Io): string =>
  join(homeOf(io), "trust", `${fileNameOf(endpoint)}.ca.pem`);

/** The authority that is kept for the endpoint, PEM. */
export const keptAuthority = (endpoint: string, io: Io): string | undefined =>
  readIfThere(fileOf(endpoint, io));

/** From here on this process trusts the authority that is kept for the endpoint, if there is one. */
export function trustKept(endpoint: string, io: Io): void {
  if (!endpoint.startsWith("https:")) return;
  const kept = keptAuthority(endpoint, io);
  if (kept !== undefined) setDefaultCACertificates([...getCACertificates("default"), kept]);
}

/**
 * The authority of the service, PEM; undefined where its certificate is trusted without one. An authority of another machine
 * is taken only with its fingerprint. Throws UsageError saying so; the system's error when nothing answers.
 */
export async function learnAuthority(
  endpoint: string,
  io: Io,
  fingerprint: string | undefined,
): Promise<string | undefined> {
  const url = `${endpoint}/malachite/ca.pem`;
  const file = fileOf(endpoint, io);
  const local = LOOPBACK.test(new URL(endpoint).hostname);
  const trusted = endpoint.startsWith("https:") ? await fetchTrusted(url) : undefined;
  if (trusted !== undefined && !isOfItsAuthority(trusted)) return undefined;
  // An earlier `malachite env` may be why this process trusts it already: its authority is still what clients need.
  const fetched = trusted ?? (await fetchPem(url, { rejectUnauthorized: false }));
  const { pem } = fetched;
  const authority = new X509Certificate(pem);
  if (!isOfItsAuthority(fetched))
    // A certificate of the operator's own, or a proxy's: the service's authority would not make it trusted.
    throw new UsageError(
      `The certificate of ${endpoint} is neither of an authority that this machine knows nor of the service's own. Add its authority to REQUESTS_CA_BUNDLE.`,
    );
  const kept = readIfThere(file);
  if (kept?.trim() !== pem.trim()) {
    if (!local && trusted === undefined && !sameFingerprint(fingerprint, authority))
      throw new UsageError(
        `${endpoint} has a certificate of an authority that ${kept === undefined ? "is not known here" : "is another than before"}. Its SHA-256 is\n  ${authority.fingerprint256}\nIf that is what 'malachite up' printed there, run: malachite env --trust ${authority.fingerprint256}`,
      );
    replaceFile(file, `${pem.trim()}\n`);
  }
  return pem;
}

const sameFingerprint = (given: string | undefined, authority: X509Certificate): boolean =>
  given !== undefined &&
  given.replaceAll(":", "").toUpperCase() === authority.fingerprint256.replaceAll(":", "");

/** What this process trusts without further ado; undefined where it does not. */
async function fetchTrusted(url: string): Promise<Fetched | undefined> {
  try {
    return await fetchPem(url, {});
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (typeof code === "string" && isUntrusted(code)) return undefined;
    throw error;
  }
}

/** Whether the certificate that was shown, if any, is one of the authority that was told. */
function isOfItsAuthority({ pem, shown }: Fetched): boolean {
  const authority = new X509Certificate(pem);
  return shown === undefined || (shown.checkIssued(authority) && shown.verify(authority.publicKey));
}

type Fetched = { readonly pem: string; readonly shown: X509Certificate | undefined };

function fetchPem(url: string, tls: { readonly rejectUnauthorized?: boolean }): Promise<Fetched> {
  const { promise, resolve, reject } = Promise.withResolvers<Fetched>();
  const options: RequestOptions = { timeout: TIMEOUT_MS, agent: false };
  const take = (response: IncomingMessage) => {
    const shown = (response.socket as Partial<TLSSocket>).getPeerX509Certificate?.();
    let pem = "";
    response.setEncoding("latin1").on("data", (part: string) => {
      pem += part;
      if (pem.length > MOST_BYTES) response.destroy();
    });
    response.once("error", reject);
    response.once("close", () => {
      if (response.statusCode === 200 && pem.includes("-----BEGIN CERTIFICATE-----")) resolve({ pem, shown });
      else reject(new Error(`${url} answered ${response.statusCode}: is that a Malachite service?`));
    });
  };
  const request = url.startsWith("https:")
    ? getHttps(url, { ...options, ...tls }, take)
    : getHttp(url, options, take);
  request.once("timeout", () =>
    request.destroy(Object.assign(new Error("no answer"), { code: "ETIMEDOUT" })),
  );
  request.once("error", reject);
  return promise;
}

export function readIfThere(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

/** Readers see the old content or the new one, never a part. */
export function replaceFile(file: string, content: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const temporary = `${file}.${process.pid}.new`;
  try {
    writeFileSync(temporary, content, { flush: true });
    renameSync(temporary, file);
  } finally {
    rmSync(temporary, { force: true });
  }
}
