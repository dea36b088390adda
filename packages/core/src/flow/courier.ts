// What a run on another machine asks for itself, with its own token: only the attempt that is at work, and only as long as its run goes on.
import { MalachiteError } from "../domain/failure/malachiteError.ts";
import type { LaunchKey } from "../domain/launch/launchPlan.ts";
import { isTerminal } from "../domain/run/next.ts";
import { type Principal, workspaceKey } from "../domain/scope.ts";
import type { MeetingNode, ParcelContent, TakenPiece } from "../ports/courier.ts";
import type { OpenFile } from "../ports/openFile.ts";
import { findRun } from "./findRun.ts";
import type { RunAddress } from "./flow.ts";
import type { FlowPorts } from "./ports.ts";

/** One attempt at a run, and who asks for it. */
export type LaunchAddress = RunAddress & {
  readonly launchKey: string;
  readonly by: Principal;
  /** Of a run whose nodes send their files by themselves. */
  readonly node?: number;
};

/** All throw RunNotFound, NotAllowed for any other token than the run's own, LaunchEnded for an attempt that is not at work. */
export type CourierFlow = {
  listing(launch: LaunchAddress): Promise<OpenFile>;
  content(launch: LaunchAddress): Promise<ParcelContent>;
  /** See `Courier.home`. */
  home(launch: LaunchAddress): Promise<AsyncIterable<Uint8Array>>;
  /** See `Courier.meeting`. */
  meeting(launch: LaunchAddress): Promise<readonly MeetingNode[]>;
  /** See `Courier.take`. */
  take(launch: LaunchAddress, pieces: AsyncIterable<Uint8Array>): Promise<readonly TakenPiece[]>;
};

type CourierPorts = Pick<FlowPorts, "courier" | "runs">;

export function courierFlow(ports: CourierPorts): CourierFlow {
  const { courier } = ports;
  const there = async <T>(
    launch: LaunchAddress,
    ask: (key: LaunchKey) => Promise<T | undefined>,
  ): Promise<T> => {
    const found = await ask(await keyOf(launch, ports));
    if (found === undefined) throw ended(launch);
    return found;
  };
  return {
    listing: (launch) => there(launch, (key) => courier.listing(key)),
    content: (launch) => there(launch, (key) => courier.content(key)),
    home: (launch) => there(launch, (key) => courier.home(key, launch.node)),
    take: (launch, pieces) => there(launch, (key) => courier.take(key, pieces, launch.node)),
    meeting: (launch) => there(launch, (key) => courier.meeting(key)),
  };
}

async function keyOf(launch: LaunchAddress, ports: Pick<FlowPorts, "runs">): Promise<LaunchKey> {
  const { by, scope, runId, launchKey } = launch;
  if (by.run?.runId !== runId || by.run.workspace !== workspaceKey(scope))
    throw new MalachiteError(
      "NotAllowed",
      `Only the run '${runId}' itself sends its files and gets what it is made of: use the token that it was started with.`,
      { target: "runId" },
    );
  const { life } = await findRun(launch, ports);
  if (life.key !== launchKey || isTerminal(life.status)) throw ended(launch);
  return life.key;
}

const ended = ({ runId, launchKey }: LaunchAddress): MalachiteError =>
  new MalachiteError(
    "LaunchEnded",
    `The launch '${launchKey}' of the run '${runId}' is not at work: the run has ended, or another attempt is.`,
    { target: "launchKey" },
  );
