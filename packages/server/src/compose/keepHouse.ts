// What the policies of retention let go, gone by itself: every so often, and by one of several servers.
import { randomUUID } from "node:crypto";
import type { AuditLog, Clock, Flow, FlowPorts, Log } from "@malachite/core";

type Parts = {
  readonly flow: Pick<Flow, "collectGarbage">;
  readonly ports: Pick<FlowPorts, "retention" | "settings">;
  readonly audit: Pick<AuditLog, "add">;
  readonly clock: Clock;
  readonly log: Log;
  readonly everyMs: number;
};

const NAME = "gc";
/** Longer than a page of runs takes. A server that dies meanwhile holds the others up for so long. */
const LEASE_MS = 10 * 60_000;
const PAGE = 200;

/** Does it if policies are set and it is this server's turn. Stops between two pages when the signal says so. */
export async function keepHouse(
  { flow, ports, audit, clock, log, everyMs }: Parts,
  signal: AbortSignal,
): Promise<void> {
  const { owner, retention, keepProjectsDays } = ports.settings;
  if (retention().length === 0 && keepProjectsDays === undefined) return;
  if (!(await ports.retention.takeTurn(NAME, { owner, everyMs, leaseMs: LEASE_MS }))) return;
  const done = { runs: 0, bytes: 0, projects: 0 };
  let after: string | undefined;
  do {
    const page = await flow.collectGarbage({
      dryRun: false,
      limit: PAGE,
      ...(after === undefined ? {} : { after }),
    });
    const gone = page.values.filter(({ keptBy }) => keptBy === undefined);
    done.runs += gone.length;
    done.bytes += gone.reduce((sum, { bytes }) => sum + bytes, page.finishedBytes);
    done.projects += page.swept?.projects ?? 0;
    done.bytes += page.swept?.bytes ?? 0;
    after = page.next;
    const more = after !== undefined;
    if (!(await ports.retention.keepTurn(NAME, { owner, leaseMs: LEASE_MS, more }))) break;
  } while (after !== undefined && !signal.aborted);
  log.info("retention", done);
  if (done.runs + done.bytes + done.projects === 0) return;
  await audit.add({
    at: new Date(clock.now()).toISOString(),
    operation: "Malachite_CollectGarbage",
    who: { name: "malachite", objectId: "", tenantId: "" },
    from: "",
    of: {
      dryRun: "false",
      runs: String(done.runs),
      bytes: String(done.bytes),
      projects: String(done.projects),
    },
    status: 200,
    correlation: randomUUID(),
  });
}
