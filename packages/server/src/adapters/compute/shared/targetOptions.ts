// How drivers refuse options of a target: by name, and in words where a target is only looked at.
import { isMalachiteError, MalachiteError, type TargetSettings } from "@malachite/core";

/** An option that is unknown, wrong, or cannot be kept; `why` goes on after its name. */
export const refusedOption = (target: TargetSettings, name: string, why: string): MalachiteError =>
  new MalachiteError("UnsupportedField", `Option ${name} of compute target '${target.name}' ${why}.`, {
    target: `targets.${target.name}.${name}`,
  });

/** The reason in words when reading the options throws a MalachiteError; other errors go through. */
export function faultOf(readOptions: () => unknown): string | undefined {
  try {
    readOptions();
    return undefined;
  } catch (error) {
    if (!isMalachiteError(error)) throw error;
    return error.message;
  }
}
