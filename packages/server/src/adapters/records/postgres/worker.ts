// The entry of a database worker: connects, answers asks until it is told to close. What is read for them is made ready here, away from
// the thread that serves everybody.
import { parentPort, workerData } from "node:worker_threads";
import { giveBackAtRest } from "../../../files/atRest.ts";
import { KINDS, type Kind } from "../shared/kinds.ts";
import { answered } from "../shared/workers/answered.ts";
import {
  type Ask,
  errorText,
  type News,
  type Told,
  type WorkerSettings,
} from "../shared/workers/messages.ts";
import type { DatabaseAddress } from "./address.ts";
import { ADVICE, faultAtStart, faultOf, isAway, isForAgain } from "./faults.ts";
import { GroupCommit, MOST_PER_COMMIT, type Write } from "./groupCommit.ts";
import { Link, Pool } from "./link.ts";
import { migrateAlone } from "./migrateAlone.ts";

export type PostgresWorkerSettings = WorkerSettings & {
  readonly address: DatabaseAddress;
  /** How long the database may be away at the start. */
  readonly startMs: number;
};

const port = parentPort;
if (!port) throw new Error("This file is the entry of a worker thread and does nothing by itself.");
const { role, address, startMs } = workerData as PostgresWorkerSettings;
const tell = (news: News): void => port.postMessage(news);
const note = (text: string): void => tell({ note: text });

/** So many of a kind are read side by side, and so long each may take to be answered. */
const LANES: Readonly<Record<Exclude<Kind, "write">, { readonly most: number; readonly limitMs: number }>> = {
  lookup: { most: 4, limitMs: 15_000 },
  list: { most: 3, limitMs: 130_000 },
  series: { most: 2, limitMs: 130_000 },
  table: { most: 2, limitMs: 130_000 },
};
const PATIENCE_MS = 10_000;
const WRITE_LIMIT_MS = 65_000;

const writer = new GroupCommit(
  new Link({ address, purpose: "write", limitMs: WRITE_LIMIT_MS, note }),
  address.schema,
);
const pools = new Map<Kind, Pool>();
const queue: Write[] = [];
let reading = 0;
let isWriting = false;
let isClosing = false;

function poolOf(kind: Exclude<Kind, "write">): Pool {
  const there = pools.get(kind);
  if (there) return there;
  const { most, limitMs } = LANES[kind];
  // The writer notes what becomes of the database: once is enough.
  const pool = new Pool(new Link({ address, purpose: "read", limitMs, note: () => {} }), most);
  pools.set(kind, pool);
  return pool;
}

async function read(ask: Write): Promise<Told> {
  const { id, name, at } = ask;
  const pool = poolOf(KINDS[name] as Exclude<Kind, "write">);
  const until = at + PATIENCE_MS;
  for (;;) {
    try {
      return await pool.use(until, (session) => answered(session, ask));
    } catch (error) {
      // Reading again harms nobody.
      if ((isAway(error) || isForAgain(error)) && Date.now() < until) continue;
      const doing = `The records could not be read (${name})`;
      return { id, error: errorText(faultOf(error, doing, pool.shown), doing, ADVICE) };
    }
  }
}

/** Works off what has arrived; asks that arrive meanwhile are the next round, after the event loop has taken them in. */
async function write(): Promise<void> {
  const { told, left } = await writer.commit(queue.splice(0, MOST_PER_COMMIT));
  queue.unshift(...left);
  tell({ told });
  isWriting = queue.length > 0;
  if (isWriting) setImmediate(() => void write());
  else await closeAtRest();
}

async function closeAtRest(): Promise<void> {
  if (!isClosing || isWriting || reading > 0) return;
  await writer.close();
  await Promise.all([...pools.values()].map((pool) => pool.close()));
  tell({ closed: true });
  port?.close();
}

async function start(): Promise<boolean> {
  if (role === "reader") {
    tell({ ready: true });
    return true;
  }
  const until = Date.now() + startMs;
  try {
    for (;;) {
      try {
        await migrateAlone(await writer.session(until, startMs), address.schema, Date.now());
        break;
      } catch (error) {
        // A migration whose connection ends is undone, or done: either way it is gone on with.
        if (!isAway(error) || Date.now() >= until) throw error;
      }
    }
    tell({ ready: true });
    return true;
  } catch (error) {
    const doing = `The records in ${address.shown} cannot be opened`;
    tell({ failed: errorText(faultAtStart(error, doing, address.shown, startMs), doing, ADVICE) });
    await writer.close();
    return false;
  }
}

if (await start()) {
  giveBackAtRest();
  port.on("message", (ask: Ask) => {
    if ("close" in ask) {
      isClosing = true;
      void closeAtRest();
      return;
    }
    const work = { ...ask, at: Date.now() };
    if (KINDS[ask.name] !== "write") {
      reading += 1;
      void read(work).then((told) => {
        reading -= 1;
        tell({ told: [told] });
        void closeAtRest();
      });
      return;
    }
    queue.push(work);
    if (isWriting) return;
    isWriting = true;
    setImmediate(() => void write());
  });
} else port.close();
