// The names and addresses that a server's certificate is for.
import { hostname, networkInterfaces } from "node:os";

/** Loopback always; where the server listens, is said to be, and may be called by. */
export function serverNames(ask: {
  readonly host: string;
  readonly publicUrl: string | undefined;
  readonly allowHost: readonly string[];
}): string[] {
  const names = ["127.0.0.1", "::1", "localhost", plain(ask.host), ...ask.allowHost.map(plain)];
  if (ask.publicUrl !== undefined) names.push(plain(new URL(ask.publicUrl).hostname));
  if (listensEverywhere(ask.host)) names.push(plain(hostname()), ...addressesHere());
  return [...new Set(names)].filter((name) => name !== "" && !listensEverywhere(name));
}

const plain = (host: string): string => host.replace(/^\[(.*)\]$/, "$1").toLowerCase();
const listensEverywhere = (host: string): boolean => ["0.0.0.0", "::"].includes(plain(host));

/** Addresses at which other machines reach this one; those of one link alone are left out. */
const addressesHere = (): string[] =>
  Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .filter(({ internal, address }) => !internal && !/^fe80:/i.test(address))
    .map(({ address }) => address);
