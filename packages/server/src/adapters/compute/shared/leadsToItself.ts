// Addresses by which every machine calls itself.

/** Whoever calls the URL calls the machine that it is on itself. False also for a text that is no URL. */
export function leadsToItself(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { hostname } = new URL(url);
  return ["localhost", "[::1]", "0.0.0.0", "[::]"].includes(hostname) || hostname.startsWith("127.");
}
