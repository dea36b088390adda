// Adds a compute target to a settings file, as an editor would: what else is in it stays as it is, comments too.
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { MalachiteError } from "@malachite/core";
import { isMap, parseDocument, parse as parseYaml } from "yaml";
import { readTargets } from "./targets.ts";

/** What a target is written as: its kind alone, or with options. */
export type WrittenTarget = { readonly kind: string } & Readonly<Record<string, unknown>>;

/**
 * Writes the target into the file, made if it is new, in one step; one that is there as it is asked for is left. Throws InvalidRequest for a
 * name, a kind or an option of the queue that is wrong, by itself or together with the others, for a name that is there otherwise (unless
 * `replace`), and for a file that is no settings file.
 */
export function addTarget(
  file: string,
  name: string,
  target: WrittenTarget,
  { replace = false }: { readonly replace?: boolean } = {},
): void {
  const faults: string[] = [];
  readTargets({ [name]: target }, "The target", faults);
  if (faults.length > 0) throw refused(faults.join("\n"));
  const before = readIfThere(file);
  const document = parseDocument(before ?? "");
  const [fault] = document.errors;
  if (fault !== undefined) throw refused(`The settings file '${file}' cannot be read: ${fault.message}`);
  if (document.contents !== null && !isMap(document.contents))
    throw refused(`The settings file '${file}' is not a list of NAME: VALUE.`);
  const listed: unknown = document.get("target");
  if (listed !== undefined && listed !== null && !isMap(listed))
    throw refused(`'target' in ${file} is not a list of NAME: KIND. Write it so, one target a line.`);
  const { kind, ...options } = target;
  const all = (isMap(listed) ? listed.toJS(document) : {}) as Record<string, unknown>;
  // Whoever asks again, because the answer was lost, is told the same.
  if (Object.hasOwn(all, name) && isSame(all[name], target)) return;
  if (Object.hasOwn(all, name) && !replace)
    throw refused(
      `'${file}' has a target '${name}' already. Choose another name, or replace it (--replace).`,
    );
  // Two targets may be right, each by itself, and not together.
  readTargets({ ...all, [name]: target }, "Together with the targets that are there", faults);
  if (faults.length > 0) throw refused(faults.join("\n"));
  const written =
    Object.keys(options).length === 0 ? kind : document.createNode({ kind, ...options }, { flow: true });
  if (!isMap(listed)) document.set("target", document.createNode({}));
  document.setIn(["target", name], written);
  write(file, document.toString({ lineWidth: 0 }));
}

function isSame(there: unknown, { kind, ...options }: WrittenTarget): boolean {
  const own = typeof there === "object" && there !== null ? there : { kind: there };
  return isDeepStrictEqual(own, { ...options, kind });
}

/** `NAME=VALUE` of a command line, the value as YAML has it: 2 is a number, [a, b] a list. Throws InvalidRequest. */
export function readOption(text: string): readonly [name: string, value: unknown] {
  const at = text.indexOf("=");
  if (at < 1) throw refused(`An option of a target is NAME=VALUE; '${text}' is none.`);
  try {
    return [text.slice(0, at), parseYaml(text.slice(at + 1)) ?? ""];
  } catch (cause) {
    throw refused(
      `The value of '${text}' cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
    );
  }
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Whoever reads it meanwhile has the old file or the new one. */
function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  const mode = statSync(file, { throwIfNoEntry: false })?.mode ?? 0o600;
  writeFileSync(`${file}.new`, text, { mode: mode & 0o777, flush: true });
  renameSync(`${file}.new`, file);
}

const refused = (text: string): MalachiteError => new MalachiteError("InvalidRequest", text);
