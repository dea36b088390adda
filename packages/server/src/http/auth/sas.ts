// Shared access signatures in Azure's form: a query string that allows some operations on a blob, on what is below a folder of a
// storage container, or on all of it, until a time. Signed with a key of this data folder; nothing about them is kept.
import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";
import { type Clock, MalachiteError } from "@malachite/core";

/** read, add (append), create, write, delete, list. */
export type Permission = "r" | "a" | "c" | "w" | "d" | "l";
/** Letters in Azure's order, such as `racw`. */
export type Permissions = string;

/** What a link is for. A folder is a prefix of whole parts of the name. */
export type BlobPlace =
  | { readonly container: string; readonly blob: string; readonly folder?: undefined }
  | { readonly container: string; readonly blob?: undefined; readonly folder?: string };

const READ_LIFETIME_MS = 24 * 3600_000;
/** An upload of a day must not lose its link. */
const WRITE_LIFETIME_MS = 48 * 3600_000;
/** The longest run ends sooner. */
const MOUNT_LIFETIME_MS = 365 * 24 * 3600_000;
const VERSION = "2021-08-06";
/** The storage account of every workspace. None of Azure's can have this name: a hyphen is not allowed there. */
export const STORAGE_ACCOUNT = "malachite-service";
/**
 * The account part of a host name, in the userinfo; see docs/decisions/0201-blob-links.md. No account of Azure's has a hyphen in
 * its name, so this one is nobody else's (azureHost.ts).
 */
const ACCOUNT = `${STORAGE_ACCOUNT}.blob.x`;

export interface BlobLinks {
  /**
   * The URL of a blob that works without a token. `base` is the address under which the service was called. Links to write are
   * https always, since the clients that write know nothing else; a link only to read is of the scheme of `base`.
   */
  link(
    base: string,
    ask: {
      readonly container: string;
      readonly blob: string;
      readonly permissions: Permissions;
      readonly lifetimeMs?: number;
    },
  ): string;
  /** The same for any HTTP client, of the scheme of `base` and without the account, which some refuse in a URL. To read only. */
  plainLink(
    base: string,
    ask: {
      readonly container: string;
      readonly blob: string;
      readonly permissions: "r";
      readonly lifetimeMs?: number;
    },
  ): string;
  /** The same for a container, or for what is in a folder of it. */
  containerLink(
    base: string,
    ask: {
      readonly container: string;
      readonly folder?: string;
      readonly permissions: Permissions;
      readonly lifetimeMs?: number;
    },
  ): string;
  /** The same for a mount on this machine, which lives as long as a run and cannot be told a new link. */
  mountLink(base: string, ask: { readonly container: string; readonly readOnly: boolean }): URL;
  /** The query string alone, for clients that put the URL together themselves. */
  token(ask: BlobPlace & { readonly permissions: Permissions; readonly lifetimeMs?: number }): string;
  /** What the query allows at that place. Throws LinkRefused saying why. */
  check(query: URLSearchParams, at: { readonly container: string; readonly blob?: string }): Granted;
}

/** `writer` is the same for all who hold the same link, and for nobody else. */
export type Granted = { readonly permissions: ReadonlySet<string>; readonly writer: string };

/** The address of the service as clients of Azure's storage take it: https, and the account in front of the host. */
export function accountBase(base: string): string {
  const { host, pathname } = new URL(base);
  return `https://${ACCOUNT}@${host}${pathname.replace(/\/+$/, "")}`;
}

/** The URL of a blob without any permission. */
export const blobUrl = (base: string, container: string, blob: string): string =>
  `${accountBase(base)}/${container}/${encodePath(blob)}`;

export function createBlobLinks(ask: { readonly key: Uint8Array; readonly clock: Clock }): BlobLinks {
  const { key, clock } = ask;
  const sign = (signed: Signed): string =>
    createHmac("sha256", key)
      .update(JSON.stringify([1, ...NAMES.map((name) => signed[name] ?? null), signed.resource]))
      .digest("base64url");

  const token: BlobLinks["token"] = ({ permissions, lifetimeMs = lifetimeOf(permissions), ...place }) => {
    const se = `${new Date(clock.now() + lifetimeMs).toISOString().slice(0, 19)}Z`;
    const about = resourceOf(place);
    const signed = { sv: VERSION, ...about, sp: permissions, se, scid: randomUUID() };
    const query = new URLSearchParams();
    for (const name of NAMES)
      if (signed[name as keyof typeof signed]) query.set(name, String(signed[name as keyof typeof signed]));
    query.set("sig", sign(signed));
    return query.toString();
  };
  const address = (base: string, permissions: Permissions, path: string, query: string): string => {
    const plain = onlyReads(permissions) && base.startsWith("http:");
    return `${plain ? base : accountBase(base)}/${path}?${query}`;
  };
  return {
    token,
    link: (base, { container, blob, ...rest }) =>
      address(
        base,
        rest.permissions,
        `${container}/${encodePath(blob)}`,
        token({ container, blob, ...rest }),
      ),
    plainLink: (base, { container, blob, ...rest }) =>
      `${base}/${container}/${encodePath(blob)}?${token({ container, blob, ...rest })}`,
    containerLink: (base, { container, folder, ...rest }) =>
      address(
        base,
        rest.permissions,
        container,
        token({ container, ...(folder ? { folder } : {}), ...rest }),
      ),
    mountLink: (base, { container, readOnly }) => {
      const permissions = readOnly ? "rl" : "racwdl";
      const query = token({ container, permissions, lifetimeMs: MOUNT_LIFETIME_MS });
      return new URL(`${base}/${STORAGE_ACCOUNT}/${container}?${query}`);
    },
    check(query, at) {
      const given: Record<string, string> = {};
      for (const [name, value] of query) {
        if (name in given) throw refused(`The query names '${name}' twice.`);
        given[name] = value;
      }
      const { sr, sdd, se, st, sp, sig } = given;
      if (!sig || !se || !sp || !sr) {
        throw refused(
          "The URL is not a signed link: ask the service for one. A bearer token is of no use here.",
        );
      }
      const resource = resourceAt(sr, sdd, at);
      // As text: the last letter has bits that no byte has, so four spellings would be the same bytes.
      const right = Buffer.from(sign({ ...given, resource }));
      const sent = Buffer.from(sig);
      if (sent.length !== right.length || !timingSafeEqual(sent, right)) {
        throw refused(
          "The signature does not fit: the link was changed, or is for another blob or container.",
        );
      }
      const now = clock.now();
      if (!(Date.parse(se) > now)) {
        throw refused(
          `The link ended at ${se}; it is ${new Date(now).toISOString()} now. Ask for a new one.`,
        );
      }
      if (st && !(Date.parse(st) <= now)) throw refused(`The link begins at ${st}.`);
      return { permissions: new Set(sp), writer: given.scid ?? "" };
    },
  };
}

const onlyReads = (permissions: Permissions): boolean => /^[rl]+$/.test(permissions);
const lifetimeOf = (permissions: Permissions): number =>
  onlyReads(permissions) ? READ_LIFETIME_MS : WRITE_LIFETIME_MS;

/** What is signed, in this order, beside the resource. `scid` makes each link one of its own. */
const NAMES = ["sv", "sr", "sdd", "st", "se", "sp", "scid"] as const;
type Signed = { readonly [name in (typeof NAMES)[number]]?: string } & { readonly resource: string };

const depthOf = (folder: string): number => folder.split("/").length;

function resourceOf(place: BlobPlace): { sr: string; sdd?: string; resource: string } {
  const { container, blob, folder } = place;
  if (blob !== undefined) return { sr: "b", resource: `${container}/${blob}` };
  if (folder === undefined) return { sr: "c", resource: container };
  return { sr: "d", sdd: String(depthOf(folder)), resource: `${container}/${folder}` };
}

/** What the link must have been signed for to hold at that place. */
function resourceAt(
  sr: string,
  sdd: string | undefined,
  { container, blob }: { readonly container: string; readonly blob?: string },
): string {
  if (sr === "c") return container;
  if (sr === "b") return `${container}/${blob ?? ""}`;
  if (sr === "d" && /^\d{1,3}$/.test(sdd ?? "")) {
    return `${container}/${(blob ?? "").split("/").slice(0, Number(sdd)).join("/")}`;
  }
  throw refused("The link is for a kind of thing that is not served here.");
}

const encodePath = (path: string): string => path.split("/").map(encodeURIComponent).join("/");

const refused = (message: string): MalachiteError => new MalachiteError("LinkRefused", message);
