// From an operation and its parameters to a URL. Nothing is sent here.

/** An operation of the contract as the client needs it: `paths` are all addresses of the same operation, the preferred one first. */
export type CalledOperation = {
  readonly id: string;
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly paths: readonly string[];
  readonly query: readonly string[];
  readonly body: "none" | "json" | "multipart" | "bytes";
  readonly answer: "json" | "bytes" | "events" | "empty";
};

export type PathParameters = Readonly<Record<string, string | undefined>>;
export type QueryValue = string | number | boolean | readonly string[] | undefined;

const PARAMETER = /\{(\w+)\}/g;

/**
 * The URL of an operation: the first of its addresses for which every parameter is given. Every reserved character of a
 * value is encoded, `/` too. Throws a TypeError for a missing value, or one that cannot be part of a path.
 */
export function addressOf(
  endpoint: string,
  operation: CalledOperation,
  parameters: PathParameters,
  query: Readonly<Record<string, QueryValue>> = {},
): string {
  const path = operation.paths.find((candidate) =>
    [...candidate.matchAll(PARAMETER)].every(([, name]) => parameters[name as string] !== undefined),
  );
  if (path === undefined) throw new TypeError(missing(operation, parameters));
  const filled = path.replace(PARAMETER, (_, name: string) =>
    encodeSegment(name, parameters[name] as string),
  );
  const text = queryText(operation, query);
  return `${endpoint}${filled}${text === "" ? "" : `?${text}`}`;
}

function encodeSegment(name: string, value: string): string {
  // A URL parser takes these two away together with the segment before them, in whatever way the dots are written.
  if (value === "." || value === "..") throw new TypeError(`'${value}' cannot be used as ${name}.`);
  if (value === "") throw new TypeError(`${name} must not be empty.`);
  return encodeURIComponent(value);
}

function queryText(operation: CalledOperation, query: Readonly<Record<string, QueryValue>>): string {
  const pairs: string[] = [];
  for (const name of operation.query) {
    const value = query[name];
    if (value === undefined) continue;
    const values = typeof value === "object" ? value : [value];
    for (const each of values) pairs.push(`${name}=${encodeURIComponent(String(each))}`);
  }
  return pairs.join("&");
}

function missing(operation: CalledOperation, parameters: PathParameters): string {
  const wanted = [...(operation.paths[0] ?? "").matchAll(PARAMETER)].map(([, name]) => name as string);
  const absent = wanted.filter((name) => parameters[name] === undefined);
  return `${operation.id} needs ${absent.join(", ")}.`;
}

/**
 * Checks an endpoint and takes its trailing slashes off. Plain http is for loopback hosts, unless `allowInsecureConnection`:
 * a token that crosses a network in clear text is everybody's. Throws a TypeError that says what is wrong.
 */
export function readEndpoint(endpoint: string, allowInsecureConnection = false): string {
  if (!URL.canParse(endpoint)) {
    throw new TypeError(`'${endpoint}' is not a URL. An endpoint looks like http://127.0.0.1:7464.`);
  }
  const url = new URL(endpoint);
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    throw new TypeError(`'${endpoint}' is not an http or https URL.`);
  }
  if (url.search !== "" || url.hash !== "" || url.username !== "" || url.password !== "") {
    throw new TypeError("An endpoint has no query, fragment, user name or password.");
  }
  if (url.protocol === "http:" && !allowInsecureConnection && !isLoopback(url.hostname)) {
    throw new TypeError(
      `${url.origin} is not encrypted and not on this machine. Use https, or set allowInsecureConnection.`,
    );
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
}

/** True for the names and addresses that never leave the machine. */
export function isLoopback(hostname: string): boolean {
  return /^(localhost|.+\.localhost|127(\.\d{1,3}){3}|\[::1\])$/i.test(hostname);
}
