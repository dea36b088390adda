// Whether the machines of a target take runs, and exactly why not where they do not.
import { isMalachiteError, type TargetHealth, type TargetSettings } from "@malachite/core";
import { lackOf } from "./choosePlace.ts";
import type { FarHost } from "./farHost.ts";
import { type Way, wayOf } from "./sshHandle.ts";
import { parseSshOptions, type SshHost } from "./sshTarget.ts";

/** A machine that is not there may say nothing at all. Less than whoever asks for the target waits, since the others have answered. */
const ANSWERED_WITHIN_MS = 7_000;

/** One machine of a pool is enough to be usable; of the others it is said what is amiss. Throws when the signal says so. */
export async function healthOfPool(
  target: TargetSettings,
  hostOf: (way: Way) => FarHost,
  signal: AbortSignal,
): Promise<TargetHealth> {
  const asked = parseSshOptions(target);
  const found = await Promise.all(
    asked.hosts.map((machine) => faultOf(target, machine, hostOf(wayOf(target, machine, asked)), signal)),
  );
  const faults = found.filter((fault) => fault !== undefined);
  const all = found.length;
  const said = faults.join(" ");
  if (faults.length === all) return { usable: false, reason: said };
  if (faults.length === 0) return { usable: true };
  const take = faults.length === 1 ? "takes" : "take";
  return { usable: true, warning: `${faults.length} of its ${all} machines ${take} no runs: ${said}` };
}

async function faultOf(
  target: TargetSettings,
  machine: SshHost,
  host: FarHost,
  signal: AbortSignal,
): Promise<string | undefined> {
  const asked = parseSshOptions(target);
  const late = AbortSignal.timeout(ANSWERED_WITHIN_MS);
  const either = AbortSignal.any([signal, late]);
  try {
    const lack = lackOf(host.name, machine, asked, await host.facts(either, true));
    if (lack !== undefined || Object.keys(asked.tools).length === 0) return lack;
    const { header } = await host.ask("tools", { tools: asked.tools }, either);
    return typeof header.fault === "string" ? `${host.name}: ${header.fault}.` : undefined;
  } catch (error) {
    signal.throwIfAborted();
    if (late.aborted) return `${host.name} has not answered within ${ANSWERED_WITHIN_MS / 1000} s.`;
    return isMalachiteError(error) ? error.message : String(error);
  }
}
