// The variables that tools of a build get: few, and nothing of the service's own. They run code that users choose.

/** What the machine says of itself, its proxies and its authorities. */
const PLAIN = ["PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ", "TMPDIR"];
const PROXY = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"];
const TRUST = ["SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT"];
/** How this machine reaches its package indexes; the same names as the tools read. */
const INDEX = [
  "UV_DEFAULT_INDEX",
  "UV_INDEX",
  "UV_INDEX_URL",
  "UV_EXTRA_INDEX_URL",
  "UV_FIND_LINKS",
  "UV_INSECURE_HOST",
  "UV_HTTP_TIMEOUT",
  "UV_NATIVE_TLS",
  "UV_SYSTEM_CERTS",
  "UV_OFFLINE",
  "UV_PYTHON_INSTALL_MIRROR",
  "PIP_INDEX_URL",
  "PIP_EXTRA_INDEX_URL",
  "PIP_FIND_LINKS",
  "PIP_TRUSTED_HOST",
  "PIP_CONFIG_FILE",
  "PIP_DEFAULT_TIMEOUT",
  "PIP_RETRIES",
];
const CONDA = ["CONDARC", "MAMBARC", "RATTLER_AUTH_FILE"];

/** Picks them from the service's environment. */
export function toolEnvironment(own: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const picked: Record<string, string> = { PATH: "/usr/local/bin:/usr/bin:/bin", LANG: "C.UTF-8" };
  const names = [
    ...PLAIN,
    ...PROXY,
    ...PROXY.map((name) => name.toLowerCase()),
    ...TRUST,
    ...INDEX,
    ...CONDA,
  ];
  for (const name of names) {
    const value = own[name];
    if (value !== undefined && value !== "") picked[name] = value;
  }
  return picked;
}

/** How uv behaves in every build; what the machine says of its indexes and certificates stays. */
export function uvEnvironment(
  tools: Readonly<Record<string, string>>,
  { cache, packageIndex }: { readonly cache: string; readonly packageIndex: string | undefined },
): Record<string, string> {
  return {
    // As pip does it, the authorities of the machine are trusted; the name of the variable has changed with time.
    UV_SYSTEM_CERTS: "1",
    UV_NATIVE_TLS: "1",
    ...tools,
    ...indexes(tools, packageIndex),
    UV_CACHE_DIR: cache,
    UV_PYTHON_DOWNLOADS: "never",
    // A file of settings in a folder above would change what is built.
    UV_NO_CONFIG: "1",
    // A script may write into its environment; through a hard link it would change the cache, and each environment made of it.
    UV_LINK_MODE: "copy",
    UV_NO_PROGRESS: "1",
    NO_COLOR: "1",
  };
}

/** What pip is told of its index, in uv's words: uv does not read pip's. */
function indexes(
  tools: Readonly<Record<string, string>>,
  packageIndex: string | undefined,
): Record<string, string> {
  const told: Record<string, string> = {};
  const index = packageIndex ?? tools.PIP_INDEX_URL;
  if (index !== undefined && (packageIndex !== undefined || !("UV_DEFAULT_INDEX" in tools)))
    told.UV_DEFAULT_INDEX = index;
  if (tools.PIP_EXTRA_INDEX_URL !== undefined && !("UV_INDEX" in tools))
    told.UV_INDEX = tools.PIP_EXTRA_INDEX_URL;
  return told;
}
