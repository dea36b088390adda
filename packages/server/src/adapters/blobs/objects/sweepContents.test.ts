// Servers on one storage that send and sweep projects: whoever is late, asleep or dead, no content is lost that a snapshot has.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import fc from "fast-check";
import { sha256 } from "../../../../conformance/snapshotFixture.ts";
import { DAY_MS, Server, Site } from "../../../../conformance/sweepingServers.ts";
import { HashFilter } from "./hashFilter.ts";

let home: string;
let numbers = 0;
before(async () => {
  home = await mkdtemp(join(tmpdir(), "malachite-sweeps-"));
});
after(() => rm(home, { recursive: true }));

const newServer = (site: Site, clockMs = 0): Server => new Server(site, join(home, `${numbers++}`), clockMs);
const keyOf = (text: string) => `contents/${sha256(text).slice(0, 2)}/${sha256(text).slice(2)}`;

/** A storage with one project that is named, and an older one that has ended: "old" and "shared" are its contents, "shared" is in both. */
async function siteOf() {
  const site = new Site();
  const first = newServer(site);
  await first.offer(["old", "shared"]);
  const named = await first.offer(["named", "shared"]);
  site.later(10 * DAY_MS);
  return { site, first, named: new Set([named]) };
}

/** Holds the server's request of that number up, or that matches. */
function hold(server: Server, at: number | RegExp) {
  const reached = Promise.withResolvers<boolean>();
  const released = Promise.withResolvers<void>();
  let count = 0;
  server.before = async (what, key) => {
    count += 1;
    if (typeof at === "number" ? count !== at : !at.test(`${what} ${key}`)) return;
    reached.resolve(true);
    await released.promise;
  };
  return {
    /** False when the work ended before. */
    reached: (work: Promise<unknown>) => Promise.race([reached.promise, work.then(() => false)]),
    release: () => {
      server.before = () => {};
      released.resolve();
    },
  };
}

/** From its request of that number on the storage does not answer it any more. */
function die(server: Server, at: number): void {
  let count = 0;
  server.before = () => {
    count += 1;
    if (count >= at) throw new Error("It is dead.");
  };
}

describe("a sweep of an object storage", () => {
  it("takes what no snapshot has, and leaves nothing of it", async () => {
    const { site, named } = await siteOf();
    const server = newServer(site);
    const keys = () => [...site.objects.objects.keys()];
    for (const key of keys().filter((one) => one.startsWith("snapshots/")))
      await site.objects.put(`${key}.nodes`, Buffer.from("of its client"), {});
    site.later(10 * DAY_MS);
    await server.collect(named);
    assert.deepEqual(site.lost(), []);
    const [id] = named;
    const told = keys().filter((key) => key.endsWith(".nodes"));
    assert.ok(told.length === 1 && told[0]?.endsWith(`/${id}.nodes`));
    assert.equal(site.hashed().filter((key) => key.startsWith("contents/")).length, 2);
    assert.equal(site.hashed().filter((key) => key.startsWith("trees/")).length, 1);
    const count = site.objects.objects.size;
    site.later(10 * DAY_MS);
    await server.collect(named);
    assert.equal(site.objects.objects.size, count, "nothing is written where nothing is to go");
  });

  for (const [when, step] of [
    ["has found what nobody has", /^put sweeps/],
    ["has condemned it, and looks again", /^list pins/],
    ["removes it", /^remove contents|^remove trees/],
  ] as const)
    it(`loses nothing of a project that is sent while it ${when}`, async () => {
      const { site, named, first } = await siteOf();
      const [sweeper, other] = [newServer(site), newServer(site)];
      let isCondemning = false;
      const held = Promise.withResolvers<void>();
      const reached = Promise.withResolvers<void>();
      sweeper.before = async (what, key) => {
        isCondemning ||= key.startsWith("sweeps/") && what === "put";
        if (!isCondemning || !step.test(`${what} ${key}`)) return;
        reached.resolve();
        await held.promise;
      };
      const sweep = sweeper.collect(named);
      await reached.promise;
      // One that has it all and knows that it was sent, and one that has nothing.
      await Promise.all([first.offer(["old", "mine"]), other.offer(["old", "shared"])]);
      held.resolve();
      await sweep;
      assert.deepEqual(site.lost(), []);
      const reader = newServer(site);
      const files = [{ path: "old.txt", sizeBytes: 3, sha256: sha256("old") }];
      await reader.contents.fetch(files);
      let text = "";
      const [file] = files;
      for await (const bytes of newServer(site).contents.read(file ?? assert.fail(), 0, 3))
        text += Buffer.from(bytes);
      assert.equal(text, "old");
    });

  it("does not fool a server that slept through it, wherever it fell asleep", async () => {
    for (const sleepMs of [3600_000, 10 * DAY_MS])
      for (let at = 1, isAsleep = true; isAsleep; at += 1) {
        const { site, named } = await siteOf();
        const [sleeper, other] = [newServer(site), newServer(site)];
        const { reached, release } = hold(sleeper, at);
        const sent = sleeper.offer(["old", "shared"]);
        isAsleep = await reached(sent);
        await other.collect(named);
        site.later(sleepMs);
        await other.collect(named);
        release();
        const id = await sent;
        if (sleepMs < DAY_MS) assert.ok(await newServer(site).isKnown(id));
        assert.deepEqual(site.lost(), [], `asleep at request ${at} for ${sleepMs} ms`);
        site.later(10 * DAY_MS);
        await other.collect(new Set([...named, id]));
        assert.deepEqual(site.lost(), [], `asleep at request ${at} for ${sleepMs} ms, a turn later`);
      }
  });

  it("may sleep itself at any step, and wake when others have swept and sent", async () => {
    for (const sleepMs of [3600_000, 10 * DAY_MS])
      for (let at = 1, isAsleep = true; isAsleep; at += 1) {
        const { site, named, first } = await siteOf();
        const [sleeper, other] = [newServer(site), newServer(site)];
        const { reached, release } = hold(sleeper, at);
        const sweep = sleeper.collect(named).catch(() => undefined);
        isAsleep = await reached(sweep);
        const sent = [await other.offer(["old", "shared"]), await first.offer(["old", "mine"])];
        await other.collect(named);
        site.later(sleepMs);
        const all = new Set([...named, ...sent]);
        await other.collect(all);
        await other.offer(["old"]);
        release();
        await sweep;
        assert.deepEqual(site.lost(), [], `asleep at request ${at} for ${sleepMs} ms`);
        site.later(10 * DAY_MS);
        await other.collect(all);
        assert.deepEqual(site.lost(), []);
      }
  });

  it("may die at any step: the next one ends the work", async () => {
    for (let at = 1, died = true; died; at += 1) {
      const { site, named } = await siteOf();
      const sweeper = newServer(site);
      die(sweeper, at);
      died = await sweeper.collect(named).then(
        () => false,
        () => true,
      );
      assert.deepEqual(site.lost(), []);
      await newServer(site).collect(named);
      assert.deepEqual(site.lost(), []);
      assert.equal(site.hashed().length, 3, `after a death at request ${at}`);
    }
  });

  it("takes what a dead upload left, wherever that died, and its server's marks say nothing wrong", async () => {
    for (let at = 1, died = true; died; at += 1) {
      const { site, named } = await siteOf();
      const folder = join(home, `${numbers++}`);
      const sender = new Server(site, folder);
      die(sender, at);
      died = await sender.offer(["old", "new"]).then(
        () => false,
        () => true,
      );
      site.later(3 * DAY_MS);
      await newServer(site).collect(named);
      assert.deepEqual(site.lost(), []);
      assert.equal(site.hashed().length, 3, `after a death at request ${at}`);
      assert.ok(![...site.objects.objects.keys()].some((key) => key.startsWith("pins/")));
      await new Server(site, folder).offer(["old", "new"]);
      assert.deepEqual(site.lost(), [], `sent again after a death at request ${at}`);
    }
  });

  it("is seen by servers that know from long ago what was there", async () => {
    const { site, named, first } = await siteOf();
    await newServer(site).collect(named);
    site.later(DAY_MS);
    await first.offer(["old", "shared"]);
    assert.deepEqual(site.lost(), []);
    assert.ok(site.objects.objects.has(`${keyOf("old")}~1`), "a key that was condemned is not used again");
    // So long afterwards that nobody knows of the sweep any more.
    for (let turn = 0; turn < 3; turn += 1) {
      site.later(40 * DAY_MS);
      await newServer(site).offer([`turn ${turn}`]);
      site.later(3 * DAY_MS);
      await newServer(site).collect(named);
    }
    assert.ok(![...site.objects.objects.keys()].some((key) => key.endsWith("/0000000001")));
    first.emptyCache();
    await first.offer(["old", "shared"]);
    assert.deepEqual(site.lost(), []);
  });

  it("loses nothing in any order of steps of servers that sleep, die, and have other clocks", async () => {
    const text = fc.constantFrom("a", "b", "c");
    const act = fc.record({
      server: fc.nat(2),
      act: fc.constantFrom("offer" as const, "offer" as const, "sweep" as const),
      texts: fc.uniqueArray(text, { minLength: 1, maxLength: 3 }),
      named: fc.constantFrom(true, false, false),
      deadAt: fc.option(fc.integer({ min: 1, max: 20 }), { freq: 4 }),
    });
    const round = fc.record({
      acts: fc.array(act, { minLength: 2, maxLength: 5 }),
      /** Which of the requests that wait goes on next. */
      order: fc.infiniteStream(fc.nat(1000)),
      /** How long it takes, and how much of that passes between two requests. */
      hours: fc.constantFrom(1, 60, 60, 240),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(round, { minLength: 4, maxLength: 8 }), async (rounds) => {
        const site = new Site();
        const servers = [-300_000, 0, 300_000].map((clockMs) => newServer(site, clockMs));
        const named = new Set<string>();
        for (const { acts, order, hours } of rounds) {
          await together(site, { acts, order, hours }, servers, named);
          assert.deepEqual(site.lost(), []);
        }
        const [server] = servers;
        for (const id of named) assert.ok(await server?.isKnown(id), `${id} is named`);
        assert.deepEqual(site.lost(), []);
      }),
      { numRuns: 40, endOnFailure: true },
    );
  });
});

type Act = {
  readonly server: number;
  readonly act: "offer" | "sweep";
  readonly texts: readonly string[];
  readonly named: boolean;
  readonly deadAt: number | null;
};

/** All at once; the requests go on one by one, in the order that is given, and time passes between them. */
async function together(
  site: Site,
  { acts, order, hours }: { acts: readonly Act[]; order: Iterable<number>; hours: number },
  servers: readonly Server[],
  named: Set<string>,
): Promise<void> {
  const waiting: (() => void)[] = [];
  for (const server of servers) server.before = () => new Promise((resolve) => waiting.push(resolve));
  let underWay = acts.length;
  const works = acts.map(async ({ server, act, texts, named: isNamed, deadAt }) => {
    const shared = servers[server] as Server;
    // An act that dies has a server to itself, with nothing in its cache.
    const own = deadAt === null ? shared : newServer(site);
    if (deadAt !== null) {
      die(own, deadAt);
      const dies = own.before;
      own.before = async (what, key) => {
        await new Promise<void>((resolve) => waiting.push(resolve));
        await dies(what, key);
      };
    }
    try {
      if (act === "sweep") await own.collect(named);
      else {
        const id = await own.offer(texts);
        // As a submission does it: it asks for the snapshot that it names.
        if (isNamed && (await own.isKnown(id))) named.add(id);
      }
    } catch (error) {
      // Whoever slept too long with a sweep gives it up.
      if (deadAt === null && !/longer than a day/.test(String(error))) throw error;
    } finally {
      underWay -= 1;
    }
  });
  const all = Promise.all(works);
  let failed: unknown;
  all.catch((error) => {
    failed = error;
  });
  const next = order[Symbol.iterator]();
  while (underWay > 0 && failed === undefined) {
    // Files of the caches are written meanwhile.
    await new Promise((resolve) => setImmediate(resolve));
    if (waiting.length === 0) continue;
    const number = next.next().value as number;
    if (number % 40 === 0) site.later(hours * 3600_000);
    waiting.splice(number % waiting.length, 1)[0]?.();
  }
  for (const server of servers) server.before = () => {};
  for (const go of waiting.splice(0)) go();
  await all;
  site.later(hours * 3600_000);
}

it("a filter forgets nothing, and takes few others for its own", () => {
  const filter = new HashFilter(16);
  const own = Array.from({ length: 3000 }, (_, i) => `own ${i}`);
  for (const text of own) filter.add(text);
  assert.ok(own.every((text) => filter.has(text)));
  const wrong = Array.from({ length: 10_000 }, (_, i) => `other ${i}`).filter((text) => filter.has(text));
  assert.ok(wrong.length < 50, `${wrong.length} of 10,000`);
});
