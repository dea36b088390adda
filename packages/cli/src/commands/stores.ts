// Commands that work on the stores of a service themselves: where those are, and how what is wrong with them is told.
import type { Command } from "commander";
import { UsageError } from "../errors/usageError.ts";
import type { Io } from "../io.ts";

export type StoreOptions = { readonly data?: string };

/** The settings that say where the stores are, as those of `malachite up`. */
const STORES: readonly (readonly [flags: string, about: string])[] = [
  ["--data <folder>", "the data folder (MALACHITE_DATA, default ~/.malachite/data)"],
  ["--database <url>", "the PostgreSQL of the records, if that is what the service has"],
  ["--database-password-file <file>", "the password of its user (default: that of the URL, else PGPASSWORD)"],
  ["--blobs <place>", "the object storage of the files, if that is what the service has"],
  ["--blobs-endpoint <url>", "the address of that storage, when it is not Azure's or Amazon's own"],
  ["--blobs-region <region>", "the region of the bucket (default AWS_REGION, else us-east-1)"],
  ["--blobs-keys <file>", "a file of NAME=VALUE with what opens that storage (default: the environment)"],
  ["--settings <file>", "the settings file of the service, which says all of these"],
];

/** Adds those options. */
export function withStores(command: Command): Command {
  for (const [flags, about] of STORES) command.option(flags, about);
  return command;
}

/** The settings of the service, of which only those of its stores are used. */
export async function settingsOf(options: object, io: Io) {
  const { readSettings } = await import("@malachite/server");
  const flags: Record<string, unknown> = { ...options };
  for (const own of ["workspace", "output", "keyFile", "leaveSecrets", "giveUp"]) delete flags[own];
  return await told(async () => readSettings(flags, io.env));
}

/** What can be wrong with what was named is for whoever named it. */
export async function told<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const wrong =
      error instanceof Error &&
      "kind" in error &&
      ["invalid", "notFound", "conflict"].includes(String(error.kind));
    throw wrong ? new UsageError(error.message, { cause: error }) : error;
  }
}
