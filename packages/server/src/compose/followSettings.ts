// The settings file while the service is up: what may change of it is taken when the file changes, by an editor or by an operator who asks here.
import { type Log, MalachiteError } from "@malachite/core";
import { addTarget, type WrittenTarget } from "../settings/addTarget.ts";
import { watchedFile } from "../settings/watchFile.ts";
import type { Settings } from "../settings.ts";

export type FollowedSettings = Disposable & {
  /**
   * Writes a target into the file and takes it at once. Throws InvalidRequest for what the file or the service would refuse, NotOffered
   * where the service cannot write the file, or where its command line has another target of that name.
   */
  add(name: string, target: WrittenTarget, how: { readonly replace: boolean }): { readonly file: string };
};

/** What of the settings may change while the service is up. */
export type ChangingSettings = Pick<Settings, "target" | "retention">;

/** `read` throws for settings that are wrong: then nothing changes, and the log says why. Absent: nothing is followed. */
export function followSettings(
  file: string,
  read: (() => ChangingSettings) | undefined,
  take: (now: ChangingSettings) => void,
  log: Log,
): FollowedSettings {
  const again = (): ChangingSettings | undefined => {
    try {
      const now = read?.();
      if (now !== undefined) take(now);
      log.info("targetsRead", { file });
      return now;
    } catch (error) {
      log.error("the settings file has changed and is wrong: targets and retention stay as they were", error);
      return undefined;
    }
  };
  const watched = read === undefined ? undefined : watchedFile(file, again);
  return {
    add(name, target, how) {
      if (read === undefined)
        throw new MalachiteError("NotOffered", "This service follows no settings file: start it with it.");
      // What is wrong in it already would keep the new target from being taken: it is told first.
      const before = wrongIn(read);
      if (before !== undefined)
        throw new MalachiteError("NotOffered", `The settings of the service are not right now: ${before}`);
      try {
        addTarget(file, name, target, how);
      } catch (cause) {
        if (cause instanceof MalachiteError) throw cause;
        throw new MalachiteError(
          "NotOffered",
          `The service cannot write its settings file ${file} (${(cause as Error).message}). Add the target where that file comes from.`,
          { cause },
        );
      }
      const taken = again()?.target[name];
      if (taken?.kind !== target.kind)
        throw new MalachiteError(
          "NotOffered",
          `'${name}' is in ${file}, and the service has it otherwise: its command line or environment (--target, MALACHITE_TARGET) names it too, which counts more.`,
        );
      return { file };
    },
    [Symbol.dispose]: () => watched?.[Symbol.dispose](),
  };
}

function wrongIn(read: () => ChangingSettings): string | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
