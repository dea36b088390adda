// Which Host and Origin a request may name. A page in a browser must not reach this service through a name of its own
// (DNS rebinding) or from another site (cross-site requests): whoever reaches it runs code.
import { isIP } from "node:net";
import { MalachiteError } from "@malachite/core";
import { AZURE_HOSTS } from "../azureHost.ts";
import type { HttpSettings } from "../edge.ts";

type Headers = Readonly<Record<string, string | string[] | undefined>>;
export type OriginRules = Pick<HttpSettings, "publicUrl" | "publicHosts" | "allowedOrigins">;

/** Makes the check. Answers the foreign origin that is allowed and must be told so (CORS), if any. Throws HostRefused. */
export function createOriginCheck(rules: OriginRules): (headers: Headers) => string | undefined {
  const hosts = new Set([...AZURE_HOSTS, ...(rules.publicHosts ?? []).map((host) => host.toLowerCase())]);
  if (rules.publicUrl) hosts.add(new URL(rules.publicUrl).hostname);
  const origins = new Set((rules.allowedOrigins ?? []).map((origin) => new URL(origin).origin));
  return (headers) => {
    const host = one(headers.host);
    const name = nameOf(host);
    if (name === undefined || !(isLoopbackName(name) || isAddress(name) || hosts.has(name))) {
      throw refused(
        `The Host '${(host ?? "").slice(0, 100)}' is not one this service is known by. Call it by its address, or start it with --allow-host.`,
        "Host",
      );
    }
    const origin = one(headers.origin);
    if (origin !== undefined) {
      if (origins.has(origin)) return origin;
      if (!sameHost(origin, host)) {
        throw refused(`Pages of '${origin.slice(0, 100)}' may not call this service.`, "Origin");
      }
    }
    if (one(headers["sec-fetch-site"])?.toLowerCase() === "cross-site") {
      throw refused("Pages of other sites may not call this service.", "Sec-Fetch-Site");
    }
    return undefined;
  };
}

const one = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value.join(",") : value;

/** The name in a Host header, in lower case, without port and brackets; undefined when it is not a plain one. */
function nameOf(host: string | undefined): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(host ?? "");
  return (match?.[1] ?? match?.[2])?.toLowerCase().replace(/\.$/, "");
}

/** A page's own name never is an IP address, so an address in Host is no rebinding. */
const isAddress = (name: string): boolean => isIP(name) !== 0;
const isLoopbackName = (name: string): boolean => name === "localhost" || name.endsWith(".localhost");

function sameHost(origin: string, host: string | undefined): boolean {
  if (!URL.canParse(origin)) return false;
  const url = new URL(origin);
  if (url.protocol !== "http:" && url.protocol !== "https:") return false;
  // Made a URL of the same scheme, so that a default port that is written out is still the same host.
  const own = `${url.protocol}//${host}`;
  return URL.canParse(own) && new URL(own).host === url.host;
}

const refused = (message: string, target: string): MalachiteError =>
  new MalachiteError("HostRefused", message, { target });
