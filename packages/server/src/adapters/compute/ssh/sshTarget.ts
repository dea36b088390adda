// The options of a compute target of kind ssh: which machines, how to log in, what they are known by.
import { type EnvironmentTools, environmentTools, type TargetSettings, TOOL_OPTIONS } from "@malachite/core";
import { type LimitOptions, readLimits } from "../shared/limitOptions.ts";
import { faultOf, refusedOption, unknownOption } from "../shared/targetOptions.ts";

/** One machine, and how to get into it. */
export type SshHost = {
  readonly host: string;
  readonly port: number;
  /** The service's own user unless told. */
  readonly user: string | undefined;
  /** Runs at once. */
  readonly slots: number;
  readonly fingerprint: string | undefined;
  /** The GPUs that runs of the target get there, by number; undefined: nobody counts them. */
  readonly gpus?: readonly number[];
  /** How the other machines of the pool reach it; as the service does unless told. */
  readonly address?: string;
};

export type SshOptions = {
  readonly hosts: readonly SshHost[];
  /** A file with a private key; keys of the agent and the user's usual ones unless told. */
  readonly key: string | undefined;
  /** Whether keys of the agent are used; unless told, where there is one and no key is given. */
  readonly agent: boolean | undefined;
  readonly knownHosts: string | undefined;
  /** Where runs lie on the machines. */
  readonly folder: string;
  /** The python there that helps: 3.6 or newer. */
  readonly python: string;
  /** Whether runs reach a service that listens on loopback alone. */
  readonly tunnel: boolean;
  /** Of all processes of a run together. */
  readonly limits: LimitOptions;
  /** What environments are made with there. */
  readonly tools: EnvironmentTools;
};

const KNOWN = [
  "host",
  "hosts",
  "user",
  "port",
  "slots",
  "key",
  "agent",
  "knownHosts",
  "fingerprint",
  "folder",
  "python",
  "tunnel",
  "memoryMiB",
  "cpus",
  "gpus",
  "gpuIds",
  ...TOOL_OPTIONS,
] as const;
const OF_HOST = ["host", "port", "user", "slots", "fingerprint", "gpus", "gpuIds", "address"] as const;

/** A name or an address; what begins with - could be read as an option by somebody. */
const HOST = /^[A-Za-z0-9_:][A-Za-z0-9._:%-]{0,252}$/;
const USER = /^[A-Za-z0-9_][A-Za-z0-9._@\\-]{0,63}$/;
const FINGERPRINT = /^SHA256:[A-Za-z0-9+/]{43}$/;
/** It is the one word of ours that a shell over there reads. */
const PYTHON = /^[A-Za-z0-9_.~/][A-Za-z0-9_.~/+-]{0,255}$/;
const MOST_SLOTS = 10_000;
const MOST_GPUS = 1024;

/** Throws UnsupportedField naming the option that is unknown, wrong or missing. */
export function parseSshOptions(target: TargetSettings): SshOptions {
  const { options } = target;
  for (const name of Object.keys(options))
    if (!(KNOWN as readonly string[]).includes(name)) throw unknownOption(target, name, KNOWN);
  const { hosts, host, slots, fingerprint, port, user, gpus, gpuIds, ...rest } = options;
  const text = (name: (typeof KNOWN)[number], value: unknown): string | undefined => {
    if (value === undefined) return undefined;
    if (typeof value === "string" && value !== "" && !value.includes("\0")) return value;
    throw refusedOption(target, name, "must be text");
  };
  const truth = (name: (typeof KNOWN)[number], value: unknown): boolean | undefined => {
    if (value === undefined || typeof value === "boolean") return value;
    throw refusedOption(target, name, "must be true or false");
  };
  const python = text("python", rest.python) ?? "python3";
  if (!PYTHON.test(python))
    throw refusedOption(target, "python", "must be a plain name or path of a program");
  if (host !== undefined && hosts !== undefined)
    throw refusedOption(target, "hosts", "and host are two ways to say it; give one of them");
  if (hosts !== undefined && !(Array.isArray(hosts) && hosts.length > 0))
    throw refusedOption(target, "hosts", "must be a list of machines, as [{ host: gpu1, slots: 2 }, gpu2]");
  if (host === undefined && hosts === undefined)
    throw refusedOption(target, "host", "is missing: it says which machine, as user@machine:22");
  const common = { slots, fingerprint, port, user, gpus, gpuIds };
  const given = (hosts as readonly unknown[] | undefined) ?? [host];
  const all = given.map((one) => hostOf(target, hosts === undefined ? "host" : "hosts", one, common));
  const names = all.map(hostName);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw refusedOption(target, "hosts", `names ${twice} twice`);
  return {
    hosts: all,
    key: text("key", rest.key),
    agent: truth("agent", rest.agent),
    knownHosts: text("knownHosts", rest.knownHosts),
    folder: text("folder", rest.folder) ?? "~/.malachite",
    python,
    tunnel: truth("tunnel", rest.tunnel) ?? true,
    limits: readLimits(target),
    tools: environmentTools(target) ?? {},
  };
}

type Common = Readonly<Record<Exclude<(typeof OF_HOST)[number], "host" | "address">, unknown>>;

function hostOf(target: TargetSettings, option: "host" | "hosts", given: unknown, common: Common): SshHost {
  const parts: Record<string, unknown> =
    typeof given === "string"
      ? partsOf(given)
      : typeof given === "object" && given !== null && !Array.isArray(given)
        ? { ...(given as object) }
        : {};
  for (const name of Object.keys(parts))
    if (!(OF_HOST as readonly string[]).includes(name))
      throw refusedOption(
        target,
        option,
        `has a machine with '${name}'; a machine has ${OF_HOST.join(", ")}`,
      );
  const own = Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined));
  const { host, port, user, slots, fingerprint, address } = { ...common, ...own } as Record<string, unknown>;
  // What a machine says of its GPUs goes before what is said of all, however it says it.
  const gpus = gpusOf(target, "gpus" in own || "gpuIds" in own ? own : common);
  if (typeof host !== "string" || !HOST.test(host))
    throw refusedOption(
      target,
      option,
      `must name machines as user@machine:22; ${JSON.stringify(host ?? given)} is none`,
    );
  const count = (name: "port" | "slots", value: unknown, most: number): number => {
    if (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= most) return Number(value);
    throw refusedOption(target, name, `must be a whole number from 1 to ${most}`);
  };
  if (user !== undefined && (typeof user !== "string" || !USER.test(user)))
    throw refusedOption(target, "user", "must be the name of a user");
  if (address !== undefined && (typeof address !== "string" || !HOST.test(address)))
    throw refusedOption(target, option, "must have the name or the address of a machine as address");
  if (fingerprint !== undefined && (typeof fingerprint !== "string" || !FINGERPRINT.test(fingerprint)))
    throw refusedOption(
      target,
      "fingerprint",
      "must be as ssh-keygen -l prints it: SHA256: and 43 characters",
    );
  return {
    host,
    port: count("port", port ?? 22, 65_535),
    user,
    slots: count("slots", slots ?? 1, MOST_SLOTS),
    fingerprint,
    ...(gpus === undefined ? {} : { gpus }),
    ...(address === undefined ? {} : { address }),
  };
}

function gpusOf(
  target: TargetSettings,
  { gpus, gpuIds }: { readonly gpus?: unknown; readonly gpuIds?: unknown },
): readonly number[] | undefined {
  if (gpus !== undefined && gpuIds !== undefined)
    throw refusedOption(target, "gpus", "and gpuIds are two ways to say it; give one of them");
  const isCount = (value: unknown): value is number =>
    Number.isInteger(value) && Number(value) >= 0 && Number(value) <= MOST_GPUS;
  if (gpus !== undefined && !isCount(gpus))
    throw refusedOption(target, "gpus", `must be a whole number from 0 to ${MOST_GPUS}`);
  if (gpus !== undefined) return Array.from({ length: gpus }, (_, index) => index);
  if (gpuIds === undefined) return undefined;
  const given: readonly unknown[] = Array.isArray(gpuIds) ? gpuIds : [undefined];
  if (!given.every(isCount) || new Set(given).size < given.length)
    throw refusedOption(target, "gpuIds", "must be different whole numbers, as [0, 1]");
  return given;
}

/** `user@host:port`; an IPv6 address with a port stands in brackets. */
function partsOf(text: string): Record<string, unknown> {
  const match = /^(?:([^@]+)@)?(?:\[([^\]]+)\]|([^:]+|[0-9A-Fa-f]*:[0-9A-Fa-f:]+?))(?::(\d{1,5}))?$/.exec(
    text,
  );
  if (match === null) return {};
  const [, user, bracketed, plain, port] = match;
  return { user, host: bracketed ?? plain, port: port === undefined ? undefined : Number(port) };
}

/** As it is shown to people, and as a host is told from others in the records. */
export const hostName = ({ host, port, user }: Pick<SshHost, "host" | "port" | "user">): string =>
  `${user === undefined ? "" : `${user}@`}${host.includes(":") ? `[${host}]` : host}:${port}`;

/** By which the other machines reach it. */
export const addressOf = ({ address, host }: Pick<SshHost, "address" | "host">): string => address ?? host;

/** How many machines the others can tell from each other; undefined where the options are wrong. */
export function machinesOf(target: TargetSettings): number | undefined {
  if (faultOfOptions(target) !== undefined) return undefined;
  return new Set(parseSshOptions(target).hosts.map(addressOf)).size;
}

/** Runs that the machines of the options take at once; undefined where the options are wrong. */
export function slotsOf(target: TargetSettings): number | undefined {
  if (faultOfOptions(target) !== undefined) return undefined;
  return parseSshOptions(target).hosts.reduce((sum, { slots }) => sum + slots, 0);
}

/** GPUs of the machine that has the most; 0 where nobody counts them. */
export const gpusOfMachine = (target: TargetSettings): number => Math.max(0, ...gpuCounts(target));

/** Those of all machines together. */
export const gpusOfPool = (target: TargetSettings): number =>
  gpuCounts(target).reduce((sum, one) => sum + one, 0);

function gpuCounts(target: TargetSettings): readonly number[] {
  if (faultOfOptions(target) !== undefined) return [];
  return parseSshOptions(target).hosts.map(({ gpus }) => gpus?.length ?? 0);
}

/** The reason in words when the options cannot be used. */
export const faultOfOptions = (target: TargetSettings): string | undefined =>
  faultOf(() => parseSshOptions(target));
