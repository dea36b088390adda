// How much of arguments and variables is too much for a program.
import { MalachiteError } from "@malachite/core";
import type { Prepared } from "./runEnvironment.ts";

/** Linux takes so much for one of them (MAX_ARG_STRLEN). */
export const ONE_ARGUMENT_BYTES = 131_072;

/** Throws InvalidDefinition; `taker` says in words who takes no more than that. */
export function refuseLong({ env, argv }: Prepared, mostBytes: number, taker?: string): void {
  const texts = [...argv, ...Object.entries(env).map(([name, value]) => `${name}=${value}`)];
  const lengths = texts.map((text) => Buffer.byteLength(text) + 1);
  // For each of them a pointer is kept as well.
  const all = lengths.reduce((sum, length) => sum + length + 8, 0);
  if (all > mostBytes || lengths.some((length) => length > ONE_ARGUMENT_BYTES)) throw tooLong(taker);
}

export const tooLong = (taker = "this system gives to a program", cause?: unknown): MalachiteError =>
  new MalachiteError(
    "InvalidDefinition",
    `The arguments and environment of the run are longer than ${taker}.`,
    { target: "configuration.arguments", cause },
  );
