// `npm run build`: the pages into packages/web/dist, each file also compressed beside itself, so that serving one is only sending it.
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "vite";

const root = fileURLToPath(new URL(".", import.meta.url));
const dist = join(root, "dist");
const WORTH_COMPRESSING = /\.(js|css|html|svg)$/;

await build({ root, logLevel: "warn" });
const sizes: { file: string; gzip: number }[] = [];
for (const file of readdirSync(dist, { recursive: true, encoding: "utf8" }).sort()) {
  if (!WORTH_COMPRESSING.test(file)) continue;
  const bytes = readFileSync(join(dist, file));
  const gzip = gzipSync(bytes, { level: 9 });
  writeFileSync(join(dist, `${file}.gz`), gzip);
  writeFileSync(
    join(dist, `${file}.br`),
    brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }),
  );
  sizes.push({ file, gzip: gzip.length });
}
if (sizes.length === 0) {
  rmSync(dist, { recursive: true, force: true });
  throw new Error("The build has made no files.");
}
const all = sizes.reduce((sum, { gzip }) => sum + gzip, 0);
console.log(`pages: ${sizes.length} files, ${Math.round(all / 1000)} kB compressed in all`);
