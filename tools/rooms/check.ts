// Holds source files to the table of rooms: gives one sentence for each line that breaks it.
import { posix } from "node:path";
import {
  declaredExports,
  type Import,
  importsOf,
  lineAt,
  type Node,
  nameOf,
  type SourceFile,
  walk,
} from "../source/read.ts";
import {
  ADAPTERS_BY_SUBFOLDER,
  COMMON_PORT_TYPES,
  ONLY_HERE,
  PACKAGES,
  ROOMS,
  type Room,
  SHARED_PARTS,
  TEST_PACKAGES,
  THIRD_PARTY,
} from "./table.ts";

/** What package.json files declare, by the folder of the package ("" is the root). */
export type Manifests = Readonly<
  Record<
    string,
    {
      readonly dependencies?: object;
      readonly devDependencies?: object;
      readonly optionalDependencies?: object;
    }
  >
>;

/** Tests, the suites they share, and what is made for them alone (`testServer.ts`). */
export const isTest = (path: string): boolean =>
  /\.test\.ts$|\/test[A-Z]\w*\.ts$|^packages\/.*\/(conformance|testing?)\/|^(e2e|bench)\//.test(path);

/** The room of a path; undefined when no room holds it. */
export function roomOf(path: string): Room | undefined {
  return ROOMS.filter((room) => path.startsWith(room.at)).sort((a, b) => b.at.length - a.at.length)[0];
}

const folderOf = (path: string): string => /^packages\/[^/]+\//.exec(path)?.[0] ?? "";
const packageName = (specifier: string): string =>
  specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");

/** The adapter a file belongs to, and whether it is the part which several adapters share. */
function adapterOf(path: string): { name: string; shared: boolean } | undefined {
  const match = /^packages\/server\/src\/adapters\/([^/]+)\/(?:([^/]+)\/)?/.exec(path);
  if (match === null) return undefined;
  const [, kind = "", part] = match;
  if (kind === "shared") return { name: kind, shared: true };
  if (!ADAPTERS_BY_SUBFOLDER.includes(kind) || part === undefined)
    return { name: kind, shared: part === undefined };
  const shared = SHARED_PARTS.includes(part);
  return { name: shared ? kind : `${kind}/${part}`, shared };
}

/** Finds where a package's exported name is declared, so that an arrow can be held through an index file. */
export function createExportMap(
  files: readonly SourceFile[],
): (entry: string, name: string) => string | undefined {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const maps = new Map<string, Map<string, string>>();
  const build = (path: string, seen: Set<string>): Map<string, string> => {
    const known = maps.get(path);
    if (known !== undefined) return known;
    const map = new Map<string, string>();
    const file = byPath.get(path);
    if (file === undefined || seen.has(path)) return map;
    seen.add(path);
    const step = (specifier: unknown) => posix.join(posix.dirname(path), nameOf(specifier));
    for (const name of declaredExports(file)) map.set(name, path);
    for (const node of file.program.body as Node[]) {
      if (node.type === "ExportAllDeclaration") {
        const target = step(node.source);
        if (node.exported) map.set(nameOf(node.exported), target);
        else for (const [name, where] of build(target, seen)) map.set(name, where);
      } else if (node.type === "ExportNamedDeclaration" && node.source) {
        const target = step(node.source);
        const inner = build(target, seen);
        for (const one of node.specifiers as Node[])
          map.set(nameOf(one.exported), inner.get(nameOf(one.local)) ?? target);
      }
    }
    maps.set(path, map);
    return map;
  };
  return (entry, name) => build(entry, new Set()).get(name);
}

/** Everything that breaks the table, as `path:line: what and why`. Empty is good. */
export function checkRooms(files: readonly SourceFile[], manifests: Manifests): string[] {
  const locate = createExportMap(files);
  const broken: string[] = [];
  for (const file of files) {
    const room = roomOf(file.path);
    if (room === undefined) {
      broken.push(`${file.path}: no room of the table holds this file`);
      continue;
    }
    const tell = (line: number, text: string) => broken.push(`${file.path}:${line}: ${text}`);
    for (const one of importsOf(file)) checkImport(file.path, room, one, { locate, manifests, tell });
    if (!isTest(file.path)) checkWords(file, room, tell);
  }
  return broken;
}

type Means = {
  readonly locate: (entry: string, name: string) => string | undefined;
  readonly manifests: Manifests;
  readonly tell: (line: number, text: string) => void;
};

function checkImport(path: string, room: Room, one: Import, means: Means): void {
  const { specifier, line } = one;
  const tell = (text: string) => means.tell(line, text);
  if (specifier.startsWith("node:")) {
    if (!room.node && !isTest(path)) tell(`${room.name} may not import ${specifier}: it runs without Node`);
    return;
  }
  if (specifier.startsWith(".")) {
    const target = posix.join(posix.dirname(path), specifier);
    const leaves = folderOf(target) !== folderOf(path);
    if (leaves && room.deep !== true && folderOf(target) !== "")
      tell(`${specifier} reaches into another package: import what the package exports`);
    else if (leaves && folderOf(path) !== "") tell(`${specifier} leaves the package`);
    else checkArrow(path, room, target, specifier, tell);
    return;
  }
  const entry = PACKAGES[specifier]?.entry;
  const only = ONLY_HERE[specifier];
  if (only !== undefined && path.startsWith(only.in) && !only.importers.includes(path) && !isTest(path))
    tell(`${specifier} is imported in ${only.importers.join(" and ")} alone`);
  if (entry !== undefined) {
    checkDeclared(path, packageName(specifier), means, tell);
    for (const name of one.names) {
      if (COMMON_PORT_TYPES.includes(name) && specifier === "@malachite/core") continue;
      const declared = name === "*" ? entry : (means.locate(entry, name) ?? entry);
      checkArrow(path, room, declared, `${name} of ${specifier}`, tell);
    }
    return;
  }
  const name = packageName(specifier);
  if (name.startsWith("@malachite/")) tell(`${specifier} is not exported by its package`);
  else checkThirdParty(path, name, means, tell);
}

function checkArrow(
  path: string,
  from: Room,
  target: string,
  what: string,
  tell: (text: string) => void,
): void {
  // A test may use every room of its own package.
  if (isTest(path) && folderOf(path) !== "" && folderOf(path) === folderOf(target)) return;
  const to = roomOf(target);
  if (to === undefined) tell(`${what} is in no room of the table`);
  else if (!isOpen(from, to, target)) tell(`${from.name} may not import ${what}, which is in ${to.name}`);
  else if (isTest(target) && !isTest(path)) tell(`${what} belongs to tests`);
  else {
    const other = otherAdapter(path, target);
    if (other !== undefined) tell(`${what} is of another adapter (${other}); adapters meet in compose alone`);
  }
}

function isOpen(from: Room, to: Room, target: string): boolean {
  if (from.name === to.name || from.may.includes(to.name)) return true;
  // A package's index shows all its rooms and is in none of them.
  const index = Object.values(PACKAGES).some(({ entry }) => entry === target);
  return index && from.may.some((name) => name.startsWith(`${to.name}/`));
}

/** The adapter that a line of one adapter reaches into though it may not. */
function otherAdapter(path: string, target: string): string | undefined {
  const [mine, theirs] = [adapterOf(path), adapterOf(target)];
  if (mine === undefined || theirs === undefined) return undefined;
  if (mine.name === theirs.name || theirs.name === "shared") return undefined;
  return theirs.shared && mine.name.startsWith(`${theirs.name}/`) ? undefined : theirs.name;
}

function checkThirdParty(path: string, name: string, means: Means, tell: (text: string) => void): void {
  const places = THIRD_PARTY[name];
  if (isTest(path) && TEST_PACKAGES.includes(name)) return;
  if (places === undefined) {
    tell(`${name} has no place in the table; a new dependency needs a reason`);
    return;
  }
  // End-to-end tests and benchmarks compare with anything; a test may use what its package uses.
  if (/^(e2e|bench)\//.test(path)) return;
  const here = isTest(path) ? places.some((place) => folderOf(place) === folderOf(path)) : false;
  if (here || places.some((place) => path.startsWith(place))) checkDeclared(path, name, means, tell);
  else tell(`${name} is imported only in ${places.join(" and ")}`);
}

function checkDeclared(path: string, name: string, { manifests }: Means, tell: (text: string) => void): void {
  const folder = folderOf(path);
  if (folder === "" && name.startsWith("@malachite/")) return; // The root sees every workspace package.
  const { dependencies, devDependencies } = manifests[folder] ?? {};
  const shipped = /^packages\/(?!cli\/)[^/]+\/src\//.test(path) && !isTest(path);
  // The CLI is bundled: what it takes in at build time is a devDependency of its package.
  const declared = { ...dependencies, ...(shipped ? {} : devDependencies) };
  if (!(name in declared)) tell(`${name} is not declared in ${folder}package.json`);
}

function checkWords(file: SourceFile, room: Room, tell: (line: number, text: string) => void): void {
  const never = room.never ?? {};
  walk(file.program, (node) => {
    const word = wordOf(node);
    if (word === undefined) return;
    const reason = never[word] ?? never[word.replace(/\..*$/, ".*")];
    if (reason !== undefined)
      tell(lineAt(file.text, node.start), `${room.name} may not use ${word}: ${reason}`);
  });
}

/** The global that a node uses: `process.env`, `new Date()`, `fetch`. Only what is called or read as a global counts. */
function wordOf(node: Node): string | undefined {
  if (node.type === "MemberExpression") {
    const object = node.object as Node;
    // `process?.x` asks whether it is there, so the room still works where it is not.
    if (node.optional === true) return undefined;
    return object.type === "Identifier" ? `${nameOf(object)}.${nameOf(node.property)}` : undefined;
  }
  if (node.type === "NewExpression" && (node.arguments as Node[]).length === 0)
    return `new ${nameOf(node.callee)}()`;
  if (node.type === "CallExpression" && (node.callee as Node).type === "Identifier")
    return nameOf(node.callee);
  return undefined;
}
