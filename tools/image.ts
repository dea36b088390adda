// `npm run image -- --out FOLDER`: makes the folder that deploy/Containerfile is built from. The package as it is published, installed with what
// it needs, and the Node that it is tested with; for the machine that this is made on.
import "./needNode.js";
import { execFileSync } from "node:child_process";
import { cpSync, globSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = fileURLToPath(new URL("..", import.meta.url)).replace(/[\\/]$/, "");
const { values } = parseArgs({
  options: { out: { type: "string", default: join(root, "malachite-image") }, package: { type: "string" } },
});
if (process.platform !== "linux")
  throw new Error(
    `An image holds Linux, and this is ${process.platform}: run this in a container or on another machine.`,
  );
const out = resolve(values.out);
const app = join(out, "app");
rmSync(app, { recursive: true, force: true });
mkdirSync(app, { recursive: true });
mkdirSync(join(out, "data"), { recursive: true });

const run = (command: string, args: readonly string[], cwd: string) =>
  execFileSync(command, args, { cwd, stdio: ["ignore", "ignore", "inherit"] });

/** `--package`: a published version, as malachite@0.1.0, or a file; unless told, this checkout is packed. */
function packed(): string {
  if (values.package !== undefined) return values.package;
  const node = [...process.execArgv, "--conditions=malachite-src"];
  run(process.execPath, [...node, join(root, "tools/pack.ts"), "--out", out], root);
  const file = readdirSync(out).find((name) => /^malachite-.*\.tgz$/.test(name));
  if (file === undefined) throw new Error(`There is no package in ${out}.`);
  return join(out, file);
}

writeFileSync(join(app, "package.json"), JSON.stringify({ private: true, license: "MIT" }));
run("npm", ["install", "--omit=dev", "--no-audit", "--no-fund", "--ignore-scripts", packed()], app);
// What only those need who write or debug programs: half of it all.
for (const path of globSync(
  ["node_modules/node-linux-*/{include,share}", "node_modules/**/*.map", "node_modules/**/*.d.{ts,mts,cts}"],
  { cwd: app },
))
  rmSync(join(app, path), { recursive: true, force: true });
cpSync(join(app, "node_modules/malachite/LICENSE"), join(app, "LICENSE"));
mkdirSync(join(app, "bin"));
symlinkSync(`../node_modules/node-linux-${process.arch}/bin/node`, join(app, "bin/node"));
symlinkSync("../node_modules/malachite/bin/malachite.js", join(app, "bin/malachite"));
console.log(out);
