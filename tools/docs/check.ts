// What can be wrong in a page of Markdown: a link to nothing, an anchor to nothing, a decision number used twice.
import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, join, posix } from "node:path";

/** A fenced block of code in a page. */
export type Block = { readonly language: string; readonly text: string; readonly line: number };

const withoutCode = (text: string): string =>
  text.replace(/^(```|~~~).*?^\1.*?$/gms, "").replace(/`[^`\n]*`/g, "");

/** The fenced blocks of a page, in order. */
export function blocksOf(text: string): Block[] {
  return [...text.matchAll(/^```([\w-]*)[^\n]*\n(.*?)^```/gms)].map((match) => ({
    language: match[1] ?? "",
    text: match[2] ?? "",
    line: text.slice(0, match.index).split("\n").length + 1,
  }));
}

/** The anchors of a page's headings, as GitHub makes them. */
export function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ""] of text.replace(/^```.*?^```/gms, "").matchAll(/^#{1,6} +(.+?) *#*$/gm)) {
    const base = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-");
    let anchor = base;
    for (let i = 1; anchors.has(anchor); i++) anchor = `${base}-${i}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** What is wrong with the links of one page, as `path: what`. Links out of the repository are not looked at. */
export function checkLinks(root: string, path: string): string[] {
  const text = readFileSync(join(root, path), "utf8");
  const broken: string[] = [];
  for (const [, target = ""] of withoutCode(text).matchAll(/\]\(<?([^)>\s]+)>?[^)]*\)/g)) {
    if (/^[a-z][a-z0-9+.-]*:/i.test(target)) continue;
    const [file = "", anchor] = target.split("#");
    const to = file === "" ? path : posix.join(posix.dirname(path), decodeURIComponent(file));
    if (!existsSync(join(root, to))) broken.push(`${path}: links to ${target}, which is not there`);
    else if (anchor !== undefined && statSync(join(root, to)).isFile())
      if (!anchorsOf(readFileSync(join(root, to), "utf8")).has(anchor))
        broken.push(`${path}: links to ${target}, but ${to} has no heading of that name`);
  }
  return broken;
}

/** Numbers of decision records that are taken twice, and names without a number. */
export function checkDecisions(paths: readonly string[]): string[] {
  const taken = new Map<string, string>();
  const broken: string[] = [];
  for (const path of paths) {
    const number = /^(\d{4})-[a-z0-9-]+\.md$/.exec(basename(path))?.[1];
    if (number === undefined) broken.push(`${path}: a decision is named 0123-what-it-is.md`);
    else if (taken.has(number)) broken.push(`${path}: number ${number} is taken by ${taken.get(number)}`);
    else taken.set(number, path);
  }
  return broken;
}
