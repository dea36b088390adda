// Checks the pages for people: links lead somewhere, decisions are numbered, TypeScript examples compile.
import "./needNode.js";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { blocksOf, checkDecisions, checkLinks } from "./docs/check.ts";
import { findFiles } from "./source/read.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const pages = findFiles(root, ["*.md", "{docs,examples,changes,packages}/**/*.md"]);
const broken = pages.flatMap((page) => checkLinks(root, page));
broken.push(
  ...checkDecisions(findFiles(root, ["docs/decisions/*.md"]).filter((path) => !path.endsWith("README.md"))),
);

/** Compiles every ```ts block of every page as a module of its own. */
function compileExamples(): string[] {
  const cache = join(root, "node_modules/.cache");
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "docs-"));
  try {
    const origin = new Map<string, string>();
    // api.md lists declarations, not examples.
    for (const page of pages.filter((one) => !one.endsWith("/api.md")))
      for (const { language, text, line } of blocksOf(readFileSync(join(root, page), "utf8"))) {
        if (language !== "ts") continue;
        const name = `example${origin.size}.ts`;
        origin.set(name, `${page}:${line}`);
        writeFileSync(join(folder, name), `${text}\nexport {};\n`);
      }
    if (origin.size === 0) return [];
    const config = { extends: join(root, "tsconfig.json"), include: ["*.ts"], exclude: [] };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const { stdout, status } = spawnSync(process.execPath, [tsc, "-p", folder, "--pretty", "false"], {
      cwd: folder,
      encoding: "utf8",
    });
    if (status === 0) return [];
    return stdout
      .trim()
      .split("\n")
      .map((line) => line.replace(/^.*?(example\d+\.ts)/, (_, name) => `${origin.get(name)} example`));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

broken.push(...compileExamples());
for (const line of broken) console.error(line);
console.log(`${pages.length} pages, ${broken.length} faults`);
process.exitCode = broken.length > 0 ? 1 : 0;
