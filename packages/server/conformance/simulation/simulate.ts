// A site of many nodes and several servers, simulated: the keeper, the dispatcher and the steps of a run are the product's own; records,
// engine and time are models. Servers are killed, put to sleep and cut off; answers are lost; nodes die; users cancel.
import { createHash } from "node:crypto";
import {
  type ComputeDriver,
  createFlow,
  type Flow,
  type FlowPorts,
  type NewRun,
  type NewsWire,
  RunKeeper,
  RunNews,
  shareNews,
} from "@malachite/core";
import { createTargets } from "../../src/targets.ts";
import { MemoryRuns } from "./memoryRuns.ts";
import { ServerLife } from "./serverLife.ts";
import { SITE_KIND, Site } from "./site.ts";
import { Chance, SimTime } from "./time.ts";

export type SimulationOptions = {
  readonly seed: number;
  readonly runs: number;
  readonly servers?: number;
  readonly nodes?: number;
  /** How busy the site is: the share of its nodes that its runs would take on average. */
  readonly load?: number;
  /** How long a run lasts on average, in simulated ms. */
  readonly meanMs?: number;
  /** Mean time between faults of each kind, in simulated ms; 0 for none. */
  readonly faultEveryMs?: number;
  /** Called now and then. */
  readonly progress?: (ended: number, simulatedMs: number, faults: number, unfinished: () => number) => void;
};

export type SimulationReport = {
  /** What is wrong; empty when nothing is. */
  readonly faults: readonly string[];
  readonly runs: number;
  readonly attempts: number;
  readonly ends: Readonly<Record<string, number>>;
  readonly kills: number;
  readonly sleeps: number;
  readonly takeovers: number;
  readonly mostNodes: number;
  readonly simulatedMs: number;
};

const SCOPE = { subscriptionId: "s", resourceGroup: "g", workspace: "w" };
const BY = { name: "ada", objectId: "o", tenantId: "t" };
const MEAN_NODES = 20;
const MEAN_MS = 4000;
/** Long enough for every lease, wait and retry, once nothing disturbs any more. */
const QUIET_MS = 900_000;
const LET_GO_FREED_EVERY_MS = 60_000;

/** Runs it to its end. The same options give the same world. */
export async function simulate({
  seed,
  runs,
  servers = 3,
  nodes = 10_000,
  load = 0.8,
  meanMs = MEAN_MS,
  faultEveryMs = 20_000,
  progress,
}: SimulationOptions): Promise<SimulationReport> {
  const time = new SimTime();
  const began = time.now;
  const chance = new Chance(seed);
  const rates = faultEveryMs > 0 ? { lostAnswer: 0.002, lostJob: 0.005 } : { lostAnswer: 0, lostJob: 0 };
  const site = new Site(time, new Chance(seed + 1), nodes, rates);
  const records = new MemoryRuns(time, new Chance(seed + 2), (run) => site.over(run));
  records.lostAnswer = rates.lostAnswer;
  const wire = createWire(time, new Chance(seed + 3), faultEveryMs > 0 ? 0.01 : 0);
  const count = { kills: 0, sleeps: 0 };
  let disturbed = true;

  const places = new Map<number, Server>();
  const start = (place: number): void => {
    places.set(place, new Server(place, time, site, records, wire, nodes));
  };
  for (let place = 0; place < servers; place++) start(place);

  const again = (meanMs: number, act: () => void): void => {
    if (meanMs <= 0) return;
    const turn = (): void => {
      if (!disturbed) return;
      act();
      time.after(chance.gap(meanMs), turn);
    };
    time.after(chance.gap(meanMs), turn);
  };
  const anyServer = () => places.get(Math.floor(chance.next() * servers));
  again(faultEveryMs, () => {
    const server = anyServer();
    if (!server?.life.isUp) return;
    count.kills += 1;
    server.life.kill();
    time.after(chance.between(500, 10_000), () => start(server.place));
  });
  again(faultEveryMs, () => {
    const server = anyServer();
    if (!server?.life.isUp) return;
    count.sleeps += 1;
    server.life.sleep();
    time.after(chance.between(500, 30_000), () => server.life.wake());
  });
  again(faultEveryMs * 2, () => {
    records.isAway = true;
    time.after(chance.between(100, 15_000), () => {
      records.isAway = false;
    });
  });
  again(faultEveryMs * 2, () => {
    site.isAway = true;
    time.after(chance.between(100, 20_000), () => {
      site.isAway = false;
    });
  });

  // A chance of its own, so that the other faults of a seed stay as they were. Most orders meet a run that waits or has ended: refused.
  const lettingGo = new Chance(seed + 4);
  let made = 0;
  const meanGapMs = (MEAN_NODES * meanMs) / (nodes * load);
  const arrive = (): void => {
    const id = `r${++made}`;
    const lastsMs = Math.min(chance.gap(meanMs), 60_000);
    const behaviour = {
      nodes: 1 + Math.floor(chance.next() * (2 * MEAN_NODES - 1)),
      lastsMs,
      code: chance.is(0.1) ? 1 : 0,
    };
    site.expect(id, behaviour);
    records.create(newRun(id, behaviour.nodes, Math.floor(chance.next() * 3) - 1, time.now));
    anyServer()?.submitted();
    if (chance.is(0.03)) time.after(chance.gap(meanMs), () => anyServer()?.cancel(id));
    if (lettingGo.is(0.2)) time.after(lettingGo.gap(meanMs), () => anyServer()?.letGo(id));
    if (made < runs) time.after(chance.gap(meanGapMs), arrive);
    else disturbed = false;
  };
  arrive();

  let quietUntil: number | undefined;
  for (let turn = 0; ; turn++) {
    if (turn % 1000 === 0)
      progress?.(
        records.ended,
        time.now - began,
        records.faults.length + site.faults.length,
        () => records.unfinished,
      );
    if (!disturbed && quietUntil === undefined) quietUntil = time.now + QUIET_MS;
    const isOver = made >= runs && records.unfinished === 0 && site.jobs === 0;
    if (isOver && quietUntil !== undefined) quietUntil = Math.min(quietUntil, time.now + 61_000);
    if (quietUntil !== undefined && time.now >= quietUntil) break;
    await time.step(Math.min(time.now + 1000, quietUntil ?? Number.POSITIVE_INFINITY));
  }
  for (const { life } of places.values()) life.kill();
  const stuck =
    records.unfinished === 0 ? [] : [`${records.unfinished} runs never ended`, ...records.stuck()];
  const left = site.jobs === 0 ? [] : [`${site.jobs} jobs were never freed`];
  const over = site.mostNodes > nodes ? [`${site.mostNodes} nodes were taken at once`] : [];
  return {
    faults: [...records.faults, ...site.faults, ...stuck, ...left, ...over],
    runs: records.ended,
    attempts: site.starts,
    ends: records.ends,
    ...count,
    takeovers: records.takeovers,
    mostNodes: site.mostNodes,
    simulatedMs: time.now - began,
  };
}

/** One life of a server process. */
class Server {
  readonly place: number;
  readonly life: ServerLife;
  readonly #flow: Flow;
  readonly #ports: FlowPorts;

  constructor(place: number, time: SimTime, site: Site, records: MemoryRuns, wire: NewsWire, nodes: number) {
    this.place = place;
    this.life = new ServerLife(time);
    const { life } = this;
    const ended = new AbortController();
    life.atDeath(() => ended.abort());
    const { hints, folder, ...driver } = site.driver(ended.signal);
    const targets = createTargets(
      { site: { kind: SITE_KIND, runsAtOnce: nodes, nodes, options: {} } },
      { runsAtOnce: 1 },
      [portOf(life, driver, { hints, folder })],
    );
    this.#ports = portsOf(life, records, targets, `server-${place}-${time.now}`);
    this.#flow = createFlow(this.#ports);
    shareNews(this.#ports, {
      send: (text) => {
        if (life.isUp) wire.send(text);
      },
      listen: (hear, missed) => {
        const whileUp =
          <A extends readonly unknown[]>(act: (...args: A) => void) =>
          (...args: A) => {
            if (life.isUp) act(...args);
          };
        const stop = wire.listen(whileUp(hear), whileUp(missed));
        life.atDeath(stop);
        return stop;
      },
    });
    void this.#begin();
  }

  /** A server that finds its records away at its start tries again, as whoever watches over processes starts it again. */
  async #begin(): Promise<void> {
    for (;;)
      try {
        await new RunKeeper(this.#ports).start();
        break;
      } catch {
        await this.life.clock.sleep(1000);
      }
    const { signal } = new AbortController();
    for (;;) {
      await this.life.clock.sleep(LET_GO_FREED_EVERY_MS);
      await this.#flow.freeLetGo(signal).catch(() => {});
    }
  }

  submitted(): void {
    if (this.life.isUp) this.#ports.news.queueMoved();
  }

  /** An operator's order; one that is refused is not repeated. */
  letGo(runId: string): void {
    if (this.life.isUp) this.#flow.letGoRun({ scope: SCOPE, runId, by: BY }).catch(() => {});
  }

  /** A user's wish; one that is refused for now is not repeated. */
  cancel(runId: string): void {
    if (this.life.isUp) this.#flow.cancelRun({ scope: SCOPE, runId, by: BY }).catch(() => {});
  }
}

/** What answers at once is answered whatever becomes of the server. */
const portOf = (
  life: ServerLife,
  driver: Omit<ComputeDriver, "hints" | "folder">,
  atOnce: Pick<ComputeDriver, "hints" | "folder">,
): ComputeDriver => {
  const { kind, can, check, launch, find, observe, stop, release } = life.port(driver);
  return { kind, can, check, launch, find, observe, stop, release, ...atOnce };
};

const absent = <T>(): T => ({}) as T;

function portsOf(
  life: ServerLife,
  records: MemoryRuns,
  targets: FlowPorts["targets"],
  owner: string,
): FlowPorts {
  const nothing = async (): Promise<undefined> => undefined;
  return {
    ...absent<FlowPorts>(),
    runs: life.port(records.store()),
    targets,
    clock: life.clock,
    news: new RunNews(),
    ids: {
      uuid: () => "00000000-0000-0000-0000-000000000000",
      hex: () => "00",
      sha256: (text) => createHash("sha256").update(text).digest("hex"),
    },
    environments: {
      check: async () => {},
      has: async () => true,
      prepare: async () => ({ id: "e", python: "/usr/bin/python3", variables: {} }),
    },
    data: { ...absent<FlowPorts["data"]>(), forget: nothing as never, sweep: nothing as never },
    artifacts: { ...absent<FlowPorts["artifacts"]>(), get: nothing },
    tokens: { issue: async () => ({ token: "t", expiresAt: 4e12 }) },
    log: { info: () => {}, warn: () => {}, error: () => {} },
    settings: {
      owner,
      machine: owner,
      leaseMs: 9000,
      watchIntervalMs: 1000,
      retention: () => [],
      retries: 2,
      systemMetricsMs: 0,
      graceMs: 5000,
      workspacesByFirstWrite: true,
      serviceUrl: () => "http://127.0.0.1:1",
      secureUrl: () => "https://127.0.0.1:1",
      caBundle: "/etc/ca.pem",
      namedDatastores: {},
      dataRoots: [],
      workspaceId: () => "w",
    },
  };
}

/** News between servers: late, and now and then lost. */
function createWire(time: SimTime, chance: Chance, lost: number): NewsWire {
  const listeners = new Set<{ hear: (text: string) => void; missed: () => void }>();
  return {
    send: (text) => {
      for (const { hear } of listeners)
        if (!chance.is(lost)) time.after(chance.between(0, 20), () => hear(text));
    },
    listen: (hear, missed) => {
      const listener = { hear, missed };
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
  };
}

function newRun(id: string, nodes: number, priority: number, now: number): NewRun {
  return {
    scope: SCOPE,
    id,
    experimentName: "e",
    origin: "hosted",
    createdAt: now,
    createdBy: BY,
    target: "site",
    pool: "target:site",
    definition: {
      configuration: {
        target: "site",
        script: "main.py",
        arguments: [],
        framework: "Python",
        communicator: "None",
        nodeCount: 1,
        environment: { python: { userManagedDependencies: true } },
        environmentVariables: { MALACHITE_SIMULATED_RUN: id },
      },
    } as unknown as NewRun["definition"],
    dataContainerId: `dcid.${id}`,
    life: { status: "NotStarted", attempt: 0, needs: { priority, nodes, gpus: 0 } },
    about: { tags: {}, properties: {}, warnings: [] },
  };
}
