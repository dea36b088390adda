// How drivers refuse options of a target: by name, and in words where a target is only looked at.
import { didYouMean, isMalachiteError, MalachiteError, type TargetSettings } from "@malachite/core";

/** An option that is unknown, wrong, or cannot be kept; `why` goes on after its name. */
export const refusedOption = (target: TargetSettings, name: string, why: string): MalachiteError =>
  new MalachiteError("UnsupportedField", `Option ${name} of compute target '${target.name}' ${why}.`, {
    target: `targets.${target.name}.${name}`,
  });

/** What the queue reads of every target that takes it; drivers never see it. */
const ofTheQueue = (kind: string): readonly string[] => [
  ...["runsAtOnce", "nodes", "gpusPerRun"],
  ...(kind === "slurm" ? [] : kind === "kubernetes" ? ["gpus"] : ["gpus", "gpuIds"]),
];

/** An option that drivers of that kind do not know. `asEvery`: what the queue reads, where the list is to tell that too. */
export function unknownOption(
  target: TargetSettings,
  name: string,
  known: readonly string[],
  asEvery?: string,
): MalachiteError {
  const article = target.kind === "ssh" ? "an" : "a";
  const more = asEvery === undefined ? "" : `, and as every target ${asEvery}`;
  return new MalachiteError(
    "UnsupportedField",
    `Option ${name} of compute target '${target.name}' is not known; ${article} ${target.kind} target knows ${known.join(", ")}${more}.${didYouMean(name, [...known, ...ofTheQueue(target.kind)])}`,
    { target: `targets.${target.name}.${name}` },
  );
}

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
