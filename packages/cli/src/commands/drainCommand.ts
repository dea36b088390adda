// `malachite drain`: the service ends the runs in its hands, starts no further one, and stops.
import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import { addConnectionOptions, type ConnectionOptions, connect } from "../connection/connection.ts";
import type { Io } from "../io.ts";
import type { Frame } from "../program.ts";

type Options = ConnectionOptions & { readonly off?: boolean; readonly wait: boolean };

const LOOK_EVERY_MS = 1000;

/** Adds the options and the action. */
export function define(command: Command, io: Io, frame: Frame): void {
  addConnectionOptions(command)
    .option("--off", "start runs again")
    .option("--no-wait", "return at once instead of when the service has stopped")
    .addHelpText(
      "after",
      `
What is submitted meanwhile is taken in and waits for the next start, or for another server.

Examples:
  malachite drain
  malachite drain --no-wait
  malachite drain --off`,
    )
    .action((options: Options) => drain(options, io, frame));
}

async function drain({ off, wait, ...options }: Options, io: Io, frame: Frame): Promise<void> {
  const { client, endpoint } = await connect(options, io, frame);
  const before = await client.changeService({ draining: off !== true });
  if (off === true) return io.out("The service starts runs again.\n");
  io.say(`Draining ${endpoint}: ${inHand(before.inHand)}.`);
  if (!wait) return;
  for (let last = before; ; ) {
    const now = await client.getService().catch(() => undefined);
    // It answers no more, or another one has its address.
    if (now === undefined || now.pid !== before.pid || now.status === "stopping") break;
    if (now.status !== "draining") return io.out("Somebody has let the service go on.\n");
    if (now.inHand !== last.inHand) io.say(`${inHand(now.inHand)}.`);
    last = now;
    await sleep(LOOK_EVERY_MS);
  }
  await io.out("The service has stopped; no run is left in its hands.\n");
}

const inHand = (count: number): string =>
  count === 1 ? "1 run is in its hands" : `${count} runs are in its hands`;
