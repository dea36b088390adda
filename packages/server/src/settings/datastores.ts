// Datastores in the settings: what each kind needs and may have.

/** A datastore in the settings, for every workspace. */
export type DatastoreEntry =
  | {
      readonly kind: "s3";
      readonly bucket: string;
      readonly endpoint?: string;
      readonly region?: string;
      readonly prefix?: string;
      readonly accessKeyId?: string;
      readonly secretAccessKey?: string;
    }
  | { readonly kind: "folder"; readonly path: string; readonly readOnly?: boolean };

const DATASTORE_NAME = /^[a-z0-9_-]{1,255}$/;
const DATASTORE_WORDS: Readonly<
  Record<string, { readonly needs: readonly string[]; readonly may: readonly string[] }>
> = {
  s3: {
    needs: ["bucket"],
    may: ["endpoint", "region", "prefix", "accessKeyId", "secretAccessKey"],
  },
  folder: { needs: ["path"], may: ["readOnly"] },
};

/** No message here tells a value: some of them are keys. */
export function readDatastores(
  value: unknown,
  from: string,
  faults: string[],
): Record<string, DatastoreEntry> {
  const entries: Record<string, DatastoreEntry> = {};
  const given = typeof value === "string" ? parsed(value) : value;
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    faults.push(`${from} must be datastores by their names: NAME: {kind: s3, bucket: …}.`);
    return entries;
  }
  for (const [name, entry] of Object.entries(given)) {
    const { kind, ...words } = (typeof entry === "object" && entry !== null ? entry : {}) as Record<
      string,
      unknown
    >;
    const known = DATASTORE_WORDS[String(kind)];
    const fault = (what: string) => faults.push(`${from}: the datastore '${name}' ${what}.`);
    if (!DATASTORE_NAME.test(name)) fault("must have a name of lower-case letters, digits, '_' and '-'");
    else if (known === undefined) fault(`must have a kind: ${Object.keys(DATASTORE_WORDS).join(" or ")}`);
    else {
      const wrong = [
        ...known.needs.filter((word) => !words[word]).map((word) => `needs '${word}'`),
        ...Object.keys(words)
          .filter((word) => ![...known.needs, ...known.may].includes(word))
          .map((word) => `has '${word}', which the kind ${kind} does not know`),
        ...Object.entries(words)
          .filter(([word, one]) => typeof one !== (word === "readOnly" ? "boolean" : "string"))
          .map(([word]) => `has a '${word}' that is no ${word === "readOnly" ? "boolean" : "text"}`),
        ...(Boolean(words.accessKeyId) === Boolean(words.secretAccessKey)
          ? []
          : ["needs both accessKeyId and secretAccessKey, or neither"]),
        ...(words.endpoint === undefined || /^https?:\/\/[^/]/.test(String(words.endpoint))
          ? []
          : ["has an endpoint that is no URL"]),
        ...(kind === "folder" && !String(words.path).startsWith("/")
          ? ["has a path that is not absolute"]
          : []),
      ];
      if (wrong.length === 0) entries[name] = { kind, ...words } as DatastoreEntry;
      wrong.forEach(fault);
    }
  }
  return entries;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
