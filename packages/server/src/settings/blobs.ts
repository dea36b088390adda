// Where files are kept, as the settings say it: the data folder, or an object storage and what opens it.
import { readFileSync } from "node:fs";

/** What opens an object storage. Stands in no message and in no log. */
export type BlobKeys = {
  readonly accountKey?: string;
  readonly sasToken?: string;
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
  readonly sessionToken?: string;
};

type Common = {
  /** Empty, or ending in a slash. */
  readonly prefix: string;
  readonly endpoint?: string;
  readonly keys: BlobKeys;
  /** Whether clients that read are sent to the storage itself. */
  readonly direct: boolean;
  readonly cacheBytes: number;
};

export type BlobsSetting =
  | { readonly kind: "folder" }
  | ({ readonly kind: "azure"; readonly account: string; readonly container: string } & Common)
  | ({ readonly kind: "s3"; readonly bucket: string; readonly region?: string } & Common);

export type GivenBlobs = {
  readonly blobs: string | undefined;
  readonly blobsEndpoint: string | undefined;
  readonly blobsRegion: string | undefined;
  readonly blobsKeys: string | undefined;
  readonly blobLinks: string | undefined;
  readonly blobCacheBytes: number | undefined;
};

const DEFAULT_CACHE_BYTES = 20_000_000_000;
/** Only what is safe in every key and every address. */
const PREFIX = /^[A-Za-z0-9_.-]+(\/[A-Za-z0-9_.-]+)*$/;
const LONGEST_PREFIX = 200;

const NAMES = [
  "AZURE_STORAGE_KEY",
  "AZURE_STORAGE_CONNECTION_STRING",
  "AZURE_STORAGE_SAS_TOKEN",
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
] as const;
type Variables = Readonly<Partial<Record<(typeof NAMES)[number], string | undefined>>>;

/** No message tells a value of a key. */
export function readBlobs(
  given: GivenBlobs,
  env: Readonly<Record<string, string | undefined>>,
  faults: string[],
): BlobsSetting {
  const { blobs = "folder", blobLinks = "service", blobCacheBytes = DEFAULT_CACHE_BYTES } = given;
  if (!["service", "direct"].includes(blobLinks))
    faults.push(`--blob-links must be service or direct; it is '${blobLinks}'.`);
  if (given.blobsEndpoint !== undefined && !/^https?:\/\/[^/?#]+[^?#]*$/i.test(given.blobsEndpoint))
    faults.push(`--blobs-endpoint must be a URL; it is '${given.blobsEndpoint}'.`);
  if (blobs === "folder") {
    const useless = (["blobsEndpoint", "blobsRegion", "blobsKeys"] as const).find(
      (name) => given[name] !== undefined,
    );
    if (useless !== undefined || blobLinks === "direct")
      faults.push(`'${useless ?? "blobLinks: direct"}' is for files in an object storage: give --blobs too.`);
    return { kind: "folder" };
  }
  const match = /^(azure|s3):\/\/([^/]+)(?:\/(.*))?$/.exec(blobs);
  const [, kind, name = "", rest = ""] = match ?? [];
  const [container = "", ...below] = kind === "azure" ? rest.split("/") : ["", ...rest.split("/")];
  const prefix = below.join("/").replace(/\/+$/, "");
  const isName =
    kind === "azure"
      ? /^[a-z0-9]{3,24}$/.test(name) && /^[a-z0-9](-?[a-z0-9]){2,62}$/.test(container)
      : /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name);
  const isPrefix =
    prefix === "" ||
    (PREFIX.test(prefix) && prefix.length <= LONGEST_PREFIX && !/(^|\/)\.{1,2}(\/|$)/.test(prefix));
  if (match === null || !isName || !isPrefix) {
    faults.push(
      `--blobs must be folder, azure://ACCOUNT/CONTAINER[/PREFIX] or s3://BUCKET[/PREFIX], with a prefix of letters, digits, '_', '.' and '-'; it is '${blobs}'.`,
    );
    return { kind: "folder" };
  }
  const common = {
    prefix: prefix === "" ? "" : `${prefix}/`,
    direct: blobLinks === "direct",
    cacheBytes: blobCacheBytes,
  };
  const ofFile = given.blobsKeys === undefined ? undefined : readKeyFile(given.blobsKeys, faults);
  const variables: Variables = ofFile ?? env;
  if (kind === "s3") {
    const region = given.blobsRegion ?? env.AWS_REGION ?? env.AWS_DEFAULT_REGION;
    const endpoint = given.blobsEndpoint;
    const keys = s3Keys(variables, faults);
    return {
      kind,
      bucket: name,
      ...(region === undefined ? {} : { region }),
      ...(endpoint === undefined ? {} : { endpoint }),
      keys,
      ...common,
    };
  }
  const { endpoint: told, ...keys } = azureKeys(variables);
  if (given.blobsRegion !== undefined)
    faults.push("--blobs-region is for S3; an account of Azure has its own.");
  const hasKey = keys.accountKey !== undefined || keys.sasToken !== undefined;
  if (!hasKey && ofFile !== undefined)
    faults.push(
      `--blobs-keys: '${given.blobsKeys}' has no key for ${blobs}: AZURE_STORAGE_KEY, AZURE_STORAGE_CONNECTION_STRING or AZURE_STORAGE_SAS_TOKEN. Without --blobs-keys, the identity of this machine opens it.`,
    );
  if (common.direct && keys.accountKey === undefined && keys.sasToken !== undefined)
    faults.push("--blob-links direct needs the account's key: links cannot be signed with a SAS token.");
  const endpoint = given.blobsEndpoint ?? told;
  if (!hasKey && ofFile === undefined && endpoint !== undefined && /^http:/i.test(endpoint))
    faults.push(
      `--blobs ${blobs} is opened by the identity of this machine, since no key is given, and ${endpoint} is no https: tokens are sent by https alone. Give an https address, or a key: AZURE_STORAGE_KEY, AZURE_STORAGE_CONNECTION_STRING or AZURE_STORAGE_SAS_TOKEN.`,
    );
  return {
    kind: "azure",
    account: name,
    container,
    ...(endpoint === undefined ? {} : { endpoint }),
    keys,
    ...common,
  };
}

/** Lines of NAME=VALUE. */
function readKeyFile(path: string, faults: string[]): Variables | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    faults.push(
      `--blobs-keys: '${path}' cannot be read: ${(error as NodeJS.ErrnoException).code ?? "unreadable"}.`,
    );
    return undefined;
  }
  const found: Record<string, string> = {};
  for (const [at, line] of text.split("\n").entries()) {
    const trimmed = line.trim().replace(/^export\s+/, "");
    if (trimmed === "" || trimmed.startsWith("#")) continue;
    const [, name = "", value = ""] = /^([A-Z_]+)\s*=\s*(.*)$/.exec(trimmed) ?? [];
    if ((NAMES as readonly string[]).includes(name)) found[name] = value.replace(/^(["'])(.*)\1$/, "$2");
    else
      faults.push(
        `--blobs-keys: line ${at + 1} of '${path}' is none of ${NAMES.join(", ")}, each followed by = and its value.`,
      );
  }
  return found;
}

/** Without any: what Amazon's library finds on this machine. */
function s3Keys(variables: Variables, faults: string[]): BlobKeys {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = variables;
  if (!AWS_ACCESS_KEY_ID && !AWS_SECRET_ACCESS_KEY) return {};
  if (!AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY) {
    faults.push("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY belong together: give both or neither.");
    return {};
  }
  return {
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    ...(AWS_SESSION_TOKEN ? { sessionToken: AWS_SESSION_TOKEN } : {}),
  };
}

function azureKeys(variables: Variables): BlobKeys & { readonly endpoint?: string } {
  const parts = new Map(
    (variables.AZURE_STORAGE_CONNECTION_STRING ?? "").split(";").map((part): [string, string] => {
      const at = part.indexOf("=");
      return [part.slice(0, at).toLowerCase(), part.slice(at + 1)];
    }),
  );
  const accountKey = variables.AZURE_STORAGE_KEY || parts.get("accountkey");
  const sasToken = variables.AZURE_STORAGE_SAS_TOKEN || parts.get("sharedaccesssignature");
  const endpoint = parts.get("blobendpoint");
  return {
    ...(accountKey ? { accountKey } : {}),
    ...(sasToken ? { sasToken } : {}),
    ...(endpoint ? { endpoint } : {}),
  };
}
