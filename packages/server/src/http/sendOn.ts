// Sends a reader on to where a file lies outside the service, where the store has such an address.
import type { LinkHeaders } from "@malachite/core";
import type { FastifyReply, FastifyRequest } from "fastify";

/** Long enough for a slow reader to begin, and to ask again for what a broken connection left. */
const LIFETIME_MS = 3600_000;

type Linked = { link?(until: number, headers: LinkHeaders): Promise<string | undefined> };

/**
 * Answers with a redirect if the file has an address elsewhere and the reader can follow it; true when it has answered. Scripts of a
 * page cannot, unless the storage allows their origin; clients of Azure's expect Azure's headers in the answer, and those that ask
 * whether a file has changed hold our tags.
 */
export async function sentOn(
  request: FastifyRequest,
  reply: FastifyReply,
  file: Linked,
  now: number,
  headers: LinkHeaders,
): Promise<boolean> {
  const given = request.headers;
  if (file.link === undefined || request.method !== "GET") return false;
  // Some clients that are no browser name a mode, but never from where they ask.
  const isScript = given["sec-fetch-site"] !== undefined && given["sec-fetch-mode"] !== "navigate";
  if (isScript) return false;
  if (CONDITIONS.some((name) => given[name] !== undefined)) return false;
  if (Object.keys(given).some((name) => name.startsWith("x-ms-"))) return false;
  const address = await file.link(now + LIFETIME_MS, headers);
  if (address === undefined) return false;
  reply.code(307).headers({ location: address, "cache-control": "no-store" }).send();
  return true;
}

const CONDITIONS = ["if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range"];
