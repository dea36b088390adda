// `npm run pack`: makes malachite-VERSION.tgz, which installs and runs in an empty folder.
import "./needNode.js";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { bundle } from "./pack/bundle.ts";

const root = fileURLToPath(new URL("..", import.meta.url)).replace(/[\\/]$/, "");
const { values } = parseArgs({ options: { out: { type: "string", default: root } } });
const cli = join(root, "packages/cli");

const { externals, files } = await bundle(root, join(cli, "dist"));
const manifest = JSON.parse(readFileSync(join(cli, "package.json"), "utf8")) as {
  name: string;
  version: string;
  dependencies: Record<string, string>;
  devDependencies?: unknown;
};
const missing = externals.filter((name) => !(name in manifest.dependencies));
if (missing.length > 0)
  throw new Error(
    `packages/cli/package.json lacks dependencies that the bundle imports: ${missing.join(", ")}`,
  );

// Packed from a copy: workspace packages are inside the bundle and are no business of who installs it.
const stage = join(root, "node_modules/.cache/malachite-pack");
rmSync(stage, { recursive: true, force: true });
mkdirSync(stage, { recursive: true });
// The checkout's own pin comes along, so that the package runs where the installed Node is older.
const { optionalDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  optionalDependencies: Record<string, string>;
};
const { devDependencies: _, ...rest } = manifest;
const published = { ...rest, optionalDependencies };
writeFileSync(join(stage, "package.json"), `${JSON.stringify(published, null, 2)}\n`);
for (const folder of ["bin", "dist"]) cpSync(join(cli, folder), join(stage, folder), { recursive: true });
for (const file of ["README.md", "LICENSE"]) cpSync(join(root, file), join(stage, file));
const npm = process.platform === "win32" ? "npm.cmd" : "npm";
execFileSync(npm, ["pack", "--silent", "--ignore-scripts", "--pack-destination", values.out], {
  cwd: stage,
  stdio: ["ignore", "ignore", "inherit"],
  shell: process.platform === "win32",
});
rmSync(stage, { recursive: true, force: true });
console.log(
  `${join(values.out, `${manifest.name}-${manifest.version}.tgz`)} (${files.length} files of JavaScript)`,
);
