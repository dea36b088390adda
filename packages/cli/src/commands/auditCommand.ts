// `malachite audit`: who did what, and whether anybody has changed what was kept of it.
import { createHash } from "node:crypto";
import type { AuditEntry, GetAuditOptions, MalachiteClient } from "@malachite/client";
import { type Command, InvalidArgumentError } from "commander";
import { addConnectionOptions, type ConnectionOptions, connect } from "../connection/connection.ts";
import type { Io } from "../io.ts";
import { addFormatOption, type FormatOptions, json } from "../output/format.ts";
import { table } from "../output/table.ts";
import { localTime } from "../output/times.ts";
import type { Frame } from "../program.ts";

type Options = ConnectionOptions &
  FormatOptions & {
    readonly since?: Date;
    readonly who?: string;
    readonly run?: string;
    readonly operation?: string;
    readonly limit: number;
    readonly verify?: boolean;
  };

const DAY_MS = 86_400_000;
const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: DAY_MS, w: 7 * DAY_MS };
const PAGE = 1000;

/** Adds the options and the action. */
export function define(command: Command, io: Io, frame: Frame): void {
  addFormatOption(addConnectionOptions(command))
    .option("--since <time>", "nothing before this: 2h, 7d, or an instant as 2026-01-31T09:00:00Z", since)
    .option("--who <name>", "the name or the object id of who did it")
    .option("--run <id>", "only what concerned this run, or came with its token")
    .option("--operation <id>", "only operations whose id begins with this, as DataStores")
    .option("--limit <number>", "how many at most (default 100)", whole, 100)
    .option("--verify", "check all that is kept instead: whether any entry was changed or taken out")
    .addHelpText(
      "after",
      "\nExamples:\n  malachite audit --since 2h\n  malachite audit --run train_1\n  malachite audit --verify",
    )
    .action(async (options: Options) => {
      const { client } = await connect(options, io, frame);
      if (options.verify === true) return verify(client, io);
      await show(await entriesOf(client, options), options, io);
    });
}

async function entriesOf(client: MalachiteClient, options: Options): Promise<AuditEntry[]> {
  const { since: from, who, run, operation, limit } = options;
  const ask: GetAuditOptions = {
    ...(from === undefined ? {} : { since: from }),
    ...(who === undefined ? {} : { who }),
    ...(run === undefined ? {} : { runId: run }),
    ...(operation === undefined ? {} : { operation }),
  };
  const found: AuditEntry[] = [];
  let after: string | undefined;
  do {
    const most = Math.min(PAGE, limit - found.length);
    const page = await client.getAuditPage({
      ...ask,
      limit: most,
      ...(after === undefined ? {} : { after }),
    });
    found.push(...page.values);
    after = page.next;
  } while (after !== undefined && found.length < limit);
  return found;
}

async function show(entries: readonly AuditEntry[], options: Options, io: Io): Promise<void> {
  if (options.output === "json") return io.out(json(entries));
  await io.out(
    table(
      [
        { head: "TIME" },
        { head: "WHO" },
        { head: "OPERATION" },
        { head: "STATUS" },
        { head: "FROM" },
        { head: "OF", shrinks: true },
      ],
      entries.map(({ at, who, operation, status, from, of }) => [
        localTime(at),
        who.run === undefined ? who.name : `${who.name} (run ${who.run})`,
        operation,
        String(status),
        from,
        Object.entries(of)
          .map(([name, value]) => `${name}=${String(value)}`)
          .join(" "),
      ]),
      io.columns,
    ),
  );
}

/** Walks the chain from the newest entry to the oldest that is kept. Throws at the first link that does not hold. */
async function verify(client: MalachiteClient, io: Io): Promise<void> {
  let after: string | undefined;
  let later: AuditEntry | undefined;
  let count = 0;
  do {
    const page = await client.getAuditPage({ limit: PAGE, ...(after === undefined ? {} : { after }) });
    for (const one of page.values) {
      const { before, hash, ...entry } = one;
      if (createHash("sha256").update(before).update(JSON.stringify(entry)).digest("hex") !== hash)
        throw new Error(`The entry ${one.no} of the audit log was changed.`);
      if (later !== undefined && (later.before !== hash || later.no !== one.no + 1))
        throw new Error(`Entries of the audit log before number ${later.no} were changed or taken out.`);
      later = one;
      count += 1;
    }
    after = page.next;
  } while (after !== undefined);
  await io.out(
    `${count} entries, none changed${later === undefined ? "" : `; the oldest kept is number ${later.no}`}.\n`,
  );
}

function since(text: string): Date {
  const [, count, unit = ""] = /^(\d+)([mhdw])$/.exec(text) ?? [];
  const at = count === undefined ? new Date(text) : new Date(Date.now() - Number(count) * (UNITS[unit] ?? 0));
  if (Number.isNaN(at.getTime())) throw new InvalidArgumentError("It must be 30m, 2h, 7d, 4w or an instant.");
  return at;
}

function whole(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  throw new InvalidArgumentError("It must be a whole number above 0.");
}
