// What is wrong with settings only together, or with their texts: closed unless somebody opens it knowingly.
import { parseQuotas, QUOTA_NAMES } from "@malachite/core";
import type { Settings } from "../settings.ts";

const LOOPBACK = /^(127(\.\d{1,3}){3}|::1|\[::1\]|localhost)$/i;
/** True for an address that only this machine reaches. */
export const isLoopback = (host: string): boolean => LOOPBACK.test(host);

/** What is wrong only together. A run service is remote code execution: it is closed unless somebody opens it knowingly. */
export function faultsTogether(
  settings: Pick<
    Settings,
    | "host"
    | "token"
    | "msiSecret"
    | "issuer"
    | "audience"
    | "publicUrl"
    | "tlsCert"
    | "tlsKey"
    | "workspace"
    | "condaChannels"
    | "quota"
  >,
): string[] {
  const faults: string[] = [];
  for (const text of settings.quota)
    if (parseQuotas([text]) === undefined)
      faults.push(
        `--quota must be workspace or user, a dot, one of ${QUOTA_NAMES.join(", ")}, and a number (keptBytes also as 500GB), as user.unfinishedRuns=10; it is '${text}'.`,
      );
  if (!isLoopback(settings.host) && settings.issuer === undefined && settings.token.length === 0) {
    faults.push(
      `--host ${settings.host} is reachable from other machines, and whoever reaches the service can run code on this one. Give --issuer and --audience, or a --token of your own.`,
    );
  }
  if (settings.issuer !== undefined && settings.audience === undefined)
    faults.push(
      "--issuer needs --audience: without it, a token made for any other service of that issuer would be accepted.",
    );
  for (const token of settings.token)
    if (token.length < 16 && !isLoopback(settings.host))
      faults.push("A --token must have at least 16 characters on an address that other machines reach.");
  const { publicUrl, tlsCert, tlsKey } = settings;
  if (publicUrl !== undefined && !(URL.canParse(publicUrl) && /^https?:/i.test(publicUrl)))
    faults.push(`--public-url must be a URL such as https://malachite.example.org; it is '${publicUrl}'.`);
  if ((tlsCert === undefined) !== (tlsKey === undefined))
    faults.push("--tls-cert and --tls-key belong together: give both or neither.");
  if (settings.msiSecret !== undefined && settings.msiSecret.length < 16)
    faults.push("--msi-secret must have at least 16 characters: whoever knows it gets tokens.");
  for (const entry of settings.condaChannels)
    if (!/^[^=\s]+=[a-z][a-z0-9+.-]*:\/\/\S+$/i.test(entry))
      faults.push(`--conda-channels must be NAME=URL; it is '${entry}'.`);
  for (const name of settings.workspace)
    if (name.split("/").length !== 3 || name.split("/").includes(""))
      faults.push(`--workspace must be SUBSCRIPTION/GROUP/NAME; it is '${name}'.`);
  return faults;
}
