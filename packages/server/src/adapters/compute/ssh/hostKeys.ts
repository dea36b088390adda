// Whether the key that a machine shows is the one that the operator has pinned: by a known_hosts file or a fingerprint. Pure.
import { createHash, createHmac, timingSafeEqual } from "node:crypto";

/** What an operator pinned. `text` is the known_hosts file's; absent where there is none. */
export type Pins = {
  readonly file: string;
  readonly text: string | undefined;
  readonly fingerprint: string | undefined;
};

type KnownKey = {
  readonly line: number;
  readonly type: string;
  readonly key: string;
  readonly revoked: boolean;
};

/** `SHA256:…` as ssh-keygen -l prints it. */
export const fingerprintOf = (key: Buffer): string =>
  `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;

/** The name of the kind of key, which the key itself begins with. */
export function typeOf(key: Buffer): string {
  const length = key.length >= 4 ? key.readUInt32BE(0) : 0;
  return key.toString("latin1", 4, 4 + Math.min(length, 64));
}

/** The host as known_hosts files name it. */
export const knownName = (host: string, port: number): string => (port === 22 ? host : `[${host}]:${port}`);

/** Kinds of keys to ask the machine for: those that are pinned. Undefined: any. */
export function pinnedTypes(pins: Pins, host: string, port: number): readonly string[] | undefined {
  if (pins.fingerprint !== undefined) return undefined;
  const types = new Set(keysFor(pins, host, port).flatMap(({ type, revoked }) => (revoked ? [] : [type])));
  if (types.size === 0) return undefined;
  return [...types].flatMap(signaturesOf);
}

/** A key of RSA signs in several ways. */
function signaturesOf(kind: string): readonly string[] {
  return kind === "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"] : [kind];
}

/** All kinds, in the order in which they are asked for where any will do. */
const KINDS = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa"];

/** A fingerprint does not say of which kind its key is: those that the machine has not shown yet, to ask it for next. */
export const kindsBeside = (shown: readonly string[]): readonly string[] =>
  KINDS.filter((kind) => !shown.includes(kind)).flatMap(signaturesOf);

/** Undefined: it is the pinned one. Else why it is refused, with the exact words that would let it in. */
export function refusedKey(pins: Pins, host: string, port: number, key: Buffer): string | undefined {
  const shown = fingerprintOf(key);
  const type = typeOf(key);
  const line = `${knownName(host, port)} ${type} ${key.toString("base64")}`;
  if (pins.fingerprint !== undefined) {
    if (same(pins.fingerprint, shown)) return undefined;
    return `The host key of ${host}:${port} is ${shown} (${type}), and the target pins ${pins.fingerprint}. If the machine was set up anew, give the target fingerprint: ${shown}; if not, somebody is between you and it.`;
  }
  const known = keysFor(pins, host, port);
  const base64 = key.toString("base64");
  const hit = known.find((one) => same(one.key, base64));
  if (hit?.revoked)
    return `The host key ${shown} of ${host}:${port} is revoked in line ${hit.line} of ${pins.file}.`;
  if (hit !== undefined) return undefined;
  const usable = known.filter(({ revoked }) => !revoked);
  const [first] = usable.filter((one) => one.type === type);
  if (first !== undefined) {
    const before = fingerprintOf(Buffer.from(first.key, "base64"));
    return `The host key of ${host}:${port} has changed: line ${first.line} of ${pins.file} has ${before}, and the machine shows ${shown} (${type}). If it was set up anew, put this in the place of that line: ${line}`;
  }
  return `The host key of ${host}:${port} is not known: ${shown} (${type}). Compare it with what \`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub\` says on that machine; if it is the same, add this line to ${pins.file}: ${line}`;
}

function keysFor({ text = "" }: Pins, host: string, port: number): KnownKey[] {
  const names = [knownName(host, port)];
  return text.split("\n").flatMap((raw, index) => {
    const fields = raw.trim().split(/\s+/);
    if (raw.trim() === "" || raw.trim().startsWith("#")) return [];
    const marker = fields[0]?.startsWith("@") ? fields.shift() : undefined;
    const [patterns = "", type = "", key = ""] = fields;
    // An authority signs certificates, which are not read here.
    if (marker === "@cert-authority" || !names.some((name) => matches(patterns, name))) return [];
    return [{ line: index + 1, type, key, revoked: marker === "@revoked" }];
  });
}

function matches(patterns: string, name: string): boolean {
  if (patterns.startsWith("|1|")) {
    const [, , salt = "", hash = ""] = patterns.split("|");
    const made = createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest("base64");
    return same(made, hash);
  }
  let hit = false;
  for (const pattern of patterns.split(",")) {
    const negated = pattern.startsWith("!");
    if (!glob(negated ? pattern.slice(1) : pattern).test(name)) continue;
    if (negated) return false;
    hit = true;
  }
  return hit;
}

const glob = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".")}$`,
    "i",
  );

function same(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
