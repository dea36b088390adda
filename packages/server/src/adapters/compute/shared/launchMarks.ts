// The mark in the folder of a launch: whose it is and which engine has its job, for folders in which others than this service may keep
// launches too. A run can write where its mark lies, so it is signed, and says the name of its folder: no run can make that of another.
import { createHmac, timingSafeEqual } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, type Instant, isObject, type LaunchKey, type LaunchPlan } from "@malachite/core";
import { hasCode } from "../../../files/index.ts";
import { readSmallFile } from "./smallFiles.ts";

/** In the folder of a launch: a line of JSON, and a line with its signature. */
const MARK = "mark";
/** No other text that is signed with the service's key begins so. */
const PURPOSE = "malachite launch mark\n";

export type LaunchMark = {
  readonly key: LaunchKey;
  /** When the launch was made. */
  readonly at: Instant;
  /** What the driver needs to ask for its job. */
  readonly engine: unknown;
};

export type LaunchMarks = {
  /** Into a folder that has not got its name yet. */
  put(folder: string, plan: LaunchPlan, engine: object): Promise<void>;
  /** That of a folder in `root`; undefined where there is none that this service has made for that key, or none that it may read. */
  read(root: string, key: LaunchKey): Promise<LaunchMark | undefined>;
};

export type LaunchMarksOptions = {
  /** The id of the data folder: the same for all its servers. */
  readonly service: string;
  /** Of the data folder too. */
  readonly secret: Uint8Array;
  readonly clock: Pick<Clock, "now">;
};

export function createLaunchMarks({ service, secret, clock }: LaunchMarksOptions): LaunchMarks {
  const sign = (text: string): Buffer => createHmac("sha256", secret).update(`${PURPOSE}${text}`).digest();

  function isOurs(text: string, signature: string): boolean {
    const [right, given] = [sign(text), Buffer.from(signature, "base64url")];
    return given.length === right.length && timingSafeEqual(given, right);
  }

  return {
    async put(folder, { key, environment }, engine) {
      // Workspace and run are in the key too, but nobody can read them there.
      const whose = { workspace: environment.AZUREML_WORKSPACE_SCOPE, run: environment.AZUREML_RUN_ID };
      const text = JSON.stringify({ version: 1, service, ...whose, key, at: clock.now(), engine });
      await writeFile(join(folder, MARK), `${text}\n${sign(text).toString("base64url")}\n`);
    },
    async read(root, key) {
      // From the root on, so that a link in the place of the folder leads nowhere.
      const found = await readSmallFile(root, `${key}/${MARK}`).catch((error: unknown) => {
        // That of another user.
        if (!hasCode(error, "EACCES", "EPERM")) throw error;
      });
      const [text = "", signature = ""] = found?.split("\n") ?? [];
      if (!isOurs(text, signature)) return undefined;
      const mark: unknown = JSON.parse(text);
      // A mark that was taken over from another folder says another key; a service that was made of a copy has the key, and another name.
      return isObject(mark) && mark.version === 1 && mark.service === service && mark.key === key
        ? { key, at: mark.at as Instant, engine: mark.engine }
        : undefined;
    },
  };
}
