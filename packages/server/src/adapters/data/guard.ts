// Sockets that reach public addresses only, unless the operator named the host: what a user registers must not lead the service
// into its own network. The address is looked at where the connection is made, so no second answer of a name server gets around it.
import { lookup as systemLookup } from "node:dns";
import http from "node:http";
import https from "node:https";
import { BlockList, isIP, type LookupFunction } from "node:net";

/** What the socket's error says; see troubleOf. */
export const PRIVATE = "EPRIVATEADDRESS";

const NOT_PUBLIC = new BlockList();
for (const [net, bits] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
] as const)
  NOT_PUBLIC.addSubnet(net, bits, "ipv4");
// Also those that hold an IPv4 address inside (64:ff9b::, 2002::, 2001::, ::/96): what they lead to is not seen from here.
for (const [net, bits] of [
  ["::", 96],
  ["64:ff9b::", 96],
  ["64:ff9b:1::", 48],
  ["100::", 64],
  ["2001::", 32],
  ["2002::", 16],
  ["fc00::", 7],
  ["fe80::", 10],
  ["fec0::", 10],
  ["ff00::", 8],
] as const)
  NOT_PUBLIC.addSubnet(net, bits, "ipv6");

/** True for an address that is reached from everywhere. A mapped one (::ffff:…) counts as what it maps. */
export function isPublic(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && !NOT_PUBLIC.check(address, family === 6 ? "ipv6" : "ipv4");
}

export type Guard = {
  readonly http: http.Agent;
  readonly https: https.Agent;
  /** Whether the operator named the host. `https` is not needed for it then. */
  allows(host: string, port: string | number): boolean;
  /** Why an address can never be reached, as far as it alone tells; what a name leads to is seen at the connection. */
  faultOf(url: URL): string | undefined;
};

const IDLE = { keepAlive: true, maxSockets: 64, maxFreeSockets: 8, timeout: 60_000 } as const;

/** `allowed`: `HOST` or `HOST:PORT`; `*` for every host. */
export function createGuard(allowed: readonly string[]): Guard {
  const names = new Set(allowed.map((name) => name.toLowerCase()));
  const allows = (host: string, port: string | number): boolean => {
    const name = host.toLowerCase();
    return names.has("*") || names.has(name) || names.has(`${name}:${port}`);
  };
  class GuardedHttp extends http.Agent {
    override createConnection(options: Connect, done: Done) {
      return super.createConnection(guarded(options, allows), done);
    }
  }
  class GuardedHttps extends https.Agent {
    override createConnection(options: Connect, done: Done) {
      return super.createConnection(guarded(options, allows), done);
    }
  }
  return {
    http: new GuardedHttp(IDLE),
    https: new GuardedHttps(IDLE),
    allows,
    faultOf(url) {
      const { hostname, protocol } = url;
      if (allows(hostname, portOf(url))) return undefined;
      if (protocol !== "https:")
        return `${url.host} is not reached by https, and is not among the hosts that the setting allowDataHost names.`;
      const host = bare(hostname);
      return isIP(host) !== 0 && !isPublic(host) ? privateAddress(host, host).message : undefined;
    },
  };
}

/** The port of a URL, also where it is that of its scheme. */
export const portOf = ({ port, protocol }: URL): string => port || (protocol === "https:" ? "443" : "80");

const bare = (host: string): string => host.replace(/^\[|\]$/g, "");

type Connect = Parameters<http.Agent["createConnection"]>[0];
type Done = Parameters<http.Agent["createConnection"]>[1];

function guarded(options: Connect, allows: Guard["allows"]): Connect {
  const host = bare(options.host ?? "localhost");
  if (allows(host, options.port ?? "")) return options;
  if (isIP(host) === 0) return { ...options, lookup: publicLookup };
  if (isPublic(host)) return options;
  throw privateAddress(host, host);
}

/** Only the addresses that are public; an error when there is none. */
const publicLookup: LookupFunction = (host, options, done) => {
  systemLookup(host, { ...options, all: true }, (error, found) => {
    if (error) return done(error, "", 0);
    const open = found.filter(({ address }) => isPublic(address));
    const [first] = open;
    if (first === undefined) return done(privateAddress(host, found[0]?.address ?? "nothing"), "", 0);
    if (options.all) done(null, open);
    else done(null, first.address, first.family);
  });
};

const privateAddress = (host: string, address: string): NodeJS.ErrnoException =>
  Object.assign(
    new Error(
      `${host} is at ${address}, an address of a private network. The setting allowDataHost names the hosts there that may be reached.`,
    ),
    { code: PRIVATE },
  );
