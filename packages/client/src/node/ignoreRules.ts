// Which paths of a project the user wants left out: .amlignore of the folder, else its .gitignore, in gitignore's syntax.
import { readFile } from "node:fs/promises";
import { join } from "node:path";

export interface IgnoreRules {
  /** The file the rules come from, if there is one. */
  readonly from?: ".amlignore" | ".gitignore";
  /** `path` is relative with forward slashes. What is in an ignored folder need not be asked for. */
  ignores(path: string, isFolder: boolean): boolean;
}

/**
 * The rules of a project folder. Only the file in the folder itself counts, as in Azure ML v1; those of folders within, and
 * the user's global ones, do not. Matching is case-sensitive.
 */
export async function readIgnoreRules(folder: string): Promise<IgnoreRules> {
  for (const from of [".amlignore", ".gitignore"] as const) {
    const text = await readFile(join(folder, from), "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "EISDIR") return undefined;
      throw error;
    });
    if (text === undefined) continue;
    return { from, ignores: await compile(text) };
  }
  return { ignores: () => false };
}

async function compile(text: string): Promise<IgnoreRules["ignores"]> {
  const { default: ignore } = await import("ignore");
  const rules = ignore({ ignorecase: false }).add(text.replace(/^\ufeff/, ""));
  return (path, isFolder) => rules.ignores(isFolder ? `${path}/` : path);
}
