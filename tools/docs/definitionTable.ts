// The table of docs/run-definition.md: its rows, the properties that it must have, and the tests that it names. Reads files; judges
// nothing that the table says of a property.
import { existsSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";

/** A row: `script` | what it does | on which targets | the tests that prove it. */
export type Row = {
  readonly property: string;
  readonly does: string;
  readonly where: string;
  readonly proofs: readonly { readonly test: string; readonly file: string }[];
};

/** Rows are those lines of tables whose first cell is one property in backquotes. */
export function rowsOf(page: string): Row[] {
  return page.split("\n").flatMap((line) => {
    const [, first = "", does = "", where = "", proof = ""] = line
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim());
    const property = /^`([^`]+)`$/.exec(first)?.[1];
    if (property === undefined) return [];
    const proofs = [...proof.matchAll(/\[([^\]]+)\]\(([^)]+)\)/g)].map(([, test = "", file = ""]) => ({
      test: test.replaceAll("\\|", "|"),
      file,
    }));
    return [{ property, does, where, proofs }];
  });
}

type Schema = {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly $ref?: string;
};

/** Every property of a schema by its path: `[]` behind a list, `.*` behind a map of any keys. `find` follows a `$ref`. */
export function propertiesOf(
  schema: Schema,
  find: (ref: string) => Schema = () => ({}),
  at = "",
): readonly string[] {
  const paths: string[] = [];
  const whole = schema.$ref === undefined ? schema : find(schema.$ref);
  for (const one of [whole, ...(whole.anyOf ?? [])]) {
    for (const [name, inner] of Object.entries(one.properties ?? {})) {
      const path = at === "" ? name : `${at}.${name}`;
      paths.push(path, ...propertiesOf(inner, find, path));
    }
    if (one.items) paths.push(...propertiesOf(one.items, find, `${at}[]`));
    const values = Object.values(one.patternProperties ?? {})[0] ?? one.additionalProperties;
    if (typeof values === "object") paths.push(...propertiesOf(values, find, `${at}.*`));
  }
  return paths;
}

/** Every property that a client has sent, down to where the keys are the user's own. */
export function propertiesSent(sent: object, free: ReadonlySet<string>, at = ""): readonly string[] {
  return Object.entries(sent).flatMap(([name, value]) => {
    const path = at === "" ? name : `${at}.${name}`;
    const deeper = typeof value === "object" && value !== null && !Array.isArray(value) && !free.has(path);
    return deeper ? [path, ...propertiesSent(value, free, path)] : [path];
  });
}

/** What is wrong with the rows: a property without one or with two, a row for nothing, an empty cell, a proof that is not there. */
export function faultsOfTable(
  rows: readonly Row[],
  properties: readonly string[],
  root: string,
  page: string,
): string[] {
  const told = new Map<string, Row>();
  const faults: string[] = [];
  const known = new Set(properties);
  for (const row of rows) {
    if (told.has(row.property)) faults.push(`'${row.property}' has two rows`);
    told.set(row.property, row);
    if (!known.has(row.property)) faults.push(`'${row.property}' is no property that anybody sends`);
    if (row.does === "" || row.where === "")
      faults.push(`'${row.property}' does not say what it does, or where`);
    if (row.proofs.length === 0) faults.push(`'${row.property}' names no test`);
    for (const { test, file } of row.proofs) {
      const path = join(root, posix.dirname(page), file);
      if (!existsSync(path)) faults.push(`'${row.property}': there is no file ${file}`);
      else if (!readFileSync(path, "utf8").includes(test))
        faults.push(`'${row.property}': ${file} has no test '${test}'`);
    }
  }
  for (const property of known) if (!told.has(property)) faults.push(`'${property}' has no row`);
  return faults;
}
