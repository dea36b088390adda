// The projects of examples/, as a test submits them: the files, and the run configuration beside them.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { ROOT } from "./service.ts";

export function example(
  name: string,
  config: string,
): { readonly files: Record<string, string>; readonly configuration: Record<string, unknown> } {
  const folder = join(ROOT, "examples", name);
  const files = Object.fromEntries(
    readdirSync(folder).map((file) => [file, readFileSync(join(folder, file), "utf8")]),
  );
  return { files, configuration: parse(files[`${config}.runconfig`] ?? "") as Record<string, unknown> };
}
