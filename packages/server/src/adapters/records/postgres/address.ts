// Where the database is, as its URL says. The only file that knows the form of such URLs.
import { readFileSync } from "node:fs";
import { MalachiteError } from "@malachite/core";

export type DatabaseAddress = {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password?: string;
  readonly database: string;
  /** The schema that holds the tables; made if it is not there. */
  readonly schema: string;
  /** Undefined: without TLS. `check`: whether the server's certificate is verified, by these authorities if some are named. */
  readonly tls?: { readonly check: boolean; readonly host: boolean; readonly authorities?: string };
  /** For people: without the password. */
  readonly shown: string;
};

const PARAMETERS = ["schema", "sslmode", "sslrootcert", "host"];
const MODES = ["disable", "require", "verify-ca", "verify-full"];
/** Names that need no quotes, so that they mean the same wherever they are written. */
const SCHEMA = /^[a-z_][a-z0-9_]{0,62}$/;
/** `USER@/DATABASE`, as PostgreSQL's own programs take it when the host is among the parameters. */
const NO_HOST = /^(postgres(?:ql)?:\/\/[^/?#]*@)(?=[:/])/;

/**
 * Reads `postgres://USER[:PASSWORD]@HOST[:PORT]/DATABASE?schema=…&sslmode=…`. The password of the URL goes before the one that is given
 * beside it. Throws InvalidRequest, which never shows the URL: it may hold a password.
 */
export function parseAddress(text: string, password?: string): DatabaseAddress {
  const url = parsed(text);
  if (!url || !/^postgres(ql)?:$/.test(url.protocol))
    throw refused("is no URL of the form postgres://USER@HOST/DATABASE");
  const { searchParams } = url;
  for (const name of searchParams.keys())
    if (!PARAMETERS.includes(name))
      throw refused(`has the parameter '${name}'. There are: ${PARAMETERS.join(", ")}`);
  const database = decoded(url.pathname.slice(1), "database");
  if (database === "" || database.includes("/")) throw refused("must name one database behind the host");
  const schema = searchParams.get("schema") ?? "malachite";
  if (!SCHEMA.test(schema) || schema.startsWith("pg_"))
    throw refused("has a schema that is not of small letters, digits and underscores");
  const mode = searchParams.get("sslmode") ?? "disable";
  if (!MODES.includes(mode)) throw refused(`has an sslmode that is none of ${MODES.join(", ")}`);
  const user = decoded(url.username, "user") || "postgres";
  // A folder with a socket stands among the parameters: a host of a URL has no slashes.
  const socket = searchParams.get("host");
  const host = socket ?? (NO_HOST.test(text) ? "" : url.hostname.replace(/^\[(.*)\]$/, "$1"));
  if (host === "") throw refused("must name a host");
  const port = Number(url.port || 5432);
  const given = decoded(url.password, "password") || password;
  const authorities = searchParams.get("sslrootcert");
  return {
    host,
    port,
    user,
    ...(given === undefined || given === "" ? {} : { password: given }),
    database,
    schema,
    ...(mode === "disable"
      ? {}
      : {
          tls: {
            check: mode !== "require",
            host: mode === "verify-full",
            ...(authorities === null ? {} : { authorities: readAuthorities(authorities) }),
          },
        }),
    shown:
      socket === null
        ? `postgres://${user}@${url.host}/${database}?schema=${schema}`
        : `postgres://${user}@${url.port && `:${url.port}`}/${database}?host=${socket}&schema=${schema}`,
  };
}

/** URLs know no user without a host. */
function parsed(text: string): URL | undefined {
  const usual = text.replace(NO_HOST, "$1localhost");
  return URL.canParse(usual) ? new URL(usual) : undefined;
}

function decoded(text: string, what: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refused(`has a ${what} with a '%' that stands for no character`); // The text itself may be the password.
  }
}

function readAuthorities(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new MalachiteError("InvalidRequest", `The sslrootcert '${file}' of --database cannot be read.`, {
      cause,
    });
  }
  // Node would pass over it and trust nobody.
  if (!text.includes("-----BEGIN "))
    throw refused(`has an sslrootcert without a certificate (PEM): '${file}'`);
  return text;
}

const refused = (why: string): MalachiteError =>
  new MalachiteError("InvalidRequest", `--database ${why}.`, { target: "database" });
