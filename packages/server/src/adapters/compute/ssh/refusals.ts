// What ssh targets and their machines say no to, in words.
import { type LaunchPlan, MalachiteError } from "@malachite/core";
import { tooLong } from "../shared/argumentLengths.ts";
import type { FarHost } from "./farHost.ts";
import type { FarRefused } from "./farLink.ts";
import { unavailable } from "./openSsh.ts";

/** Throws UnsupportedField for a run that is to go into a container. */
export function refuseImage({ target, image }: LaunchPlan): void {
  if (image === undefined) return;
  const text = `The target '${target.name}' starts no containers: it runs commands over ssh.`;
  throw new MalachiteError("UnsupportedField", text, { target: "configuration.environment.docker" });
}

/** What the machine says no to. */
export function refusal(host: FarHost, error: FarRefused): MalachiteError {
  if (error.code === "limits")
    return new MalachiteError("UnsupportedField", `${host.name} cannot limit the run: ${error.message}.`, {
      target: "configuration.target",
      cause: error,
    });
  if (error.code === "E2BIG") return tooLong("that system gives to a program", error);
  return unavailable(`${host.name} did not start the run: ${error.message} (${error.code}).`, error);
}
