// Two and three real servers on one PostgreSQL and one data folder. Whoever is killed, sleeps or is cut off from the database, and
// whenever: no acknowledged run is lost, none starts twice, and each has one end.
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { isTerminal } from "@malachite/core";
import { checkHistory, type HistoryEntry, withoutPostgres } from "@malachite/server/conformance";
import { random } from "../support/random.ts";
import { definitionOf, experiment, processesOf, type WireRun, zipOf } from "../support/runs.ts";
import { until, workspacePath } from "../support/service.ts";
import { Cluster, ClusterServer, ownersOf } from "./cluster.ts";

const SECONDS = Number(process.env.SERVERS_SECONDS ?? 25);
const SEED = Number(process.env.SERVERS_SEED ?? Date.now() % 1_000_000);
const CHAOS = process.env.SERVERS_SEED !== undefined || process.env.SERVERS_SECONDS !== undefined;
const skip = withoutPostgres();

/** Says which launch begins, once for each, where the test sees it; prints lines for a while. */
const SCRIPT = `
import os, sys, time
launch = os.path.basename(os.environ["MALACHITE_RUN_FOLDER"])
witness = os.open(os.path.join(os.environ["WITNESS"], os.environ["AZUREML_RUN_ID"]), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
os.write(witness, (launch + "\\n").encode())
for i in range(int(sys.argv[1])):
    print("line", i, flush=True)
    time.sleep(0.02)
`;
/** Asks another server than the one that started it, with its own token. */
const CALLS_ELSEWHERE = `
import os, urllib.request
ask = urllib.request.Request(os.environ["ELSEWHERE"], headers={"authorization": "Bearer " + os.environ["AZUREML_RUN_TOKEN"]})
print("status", urllib.request.urlopen(ask).status)
`;

/** The same, and goes on until the file is there. */
const HELD = `${SCRIPT}while not os.path.exists(os.environ["WITNESS"] + "/go"): time.sleep(0.02)\n`;

const linesOf = (count: number): string => Array.from({ length: count }, (_, i) => `line ${i}\n`).join("");

describe("several servers on one PostgreSQL", { skip }, () => {
  let witness: string;
  before(() => {
    witness = mkdtempSync(join(tmpdir(), "malachite-witness-"));
  });
  after(() => rmSync(witness, { recursive: true, force: true }));

  async function submit(
    server: ClusterServer,
    runId: string,
    {
      script = SCRIPT,
      lines = 20,
      env = {},
      target = "local",
      python = definitionOf().configuration.environment.python as object,
    }: {
      script?: string;
      lines?: number;
      env?: Record<string, string>;
      target?: string;
      python?: object;
    } = {},
  ): Promise<void> {
    const form = new FormData();
    const configuration = {
      target,
      arguments: [String(lines)],
      environment: { environmentVariables: { WITNESS: witness, ...env } },
    };
    const whole = definitionOf({}, configuration);
    const definition = {
      ...whole,
      configuration: {
        ...whole.configuration,
        environment: { python, ...configuration.environment },
      },
    };
    form.set(
      "runDefinitionFile",
      new Blob([JSON.stringify(definition)], { type: "application/json" }),
      "d.json",
    );
    form.set(
      "projectZipFile",
      new Blob([zipOf({ "main.py": script })], { type: "application/zip" }),
      "p.zip",
    );
    const answer = await fetch(`${server.url}/execution/v1.0${experiment()}/startrun?runId=${runId}`, {
      method: "POST",
      body: form,
      headers: { authorization: "Bearer dev" },
      signal: AbortSignal.timeout(10_000),
    });
    if (!answer.ok) throw new Error(`startrun → ${answer.status} ${await answer.text()}`);
    await answer.text();
  }
  const get = (server: ClusterServer, runId: string) =>
    server.json<WireRun>("GET", `/history/v1.0${workspacePath}/runs/${runId}`);
  const cancel = (server: ClusterServer, runId: string) =>
    server.json("POST", `/execution/v1.0${experiment()}/runId/${runId}/cancel`);
  const storyOf = async (server: ClusterServer, runId: string) =>
    (
      await server.json<{ value: (HistoryEntry & { actor: string; at: string })[] }>(
        "GET",
        `/malachite/v1.0${workspacePath}/runs/${runId}/story`,
      )
    ).value;
  const logOf = (cluster: Cluster, runId: string): Promise<string> => {
    const path = `/artifact/v2.0${workspacePath}/artifacts/ExperimentRun/dcid.${runId}/content?path=user_logs%2Fstd_log.txt`;
    return cluster.anyone("give the log", async (server) => (await server.call("GET", path)).text());
  };
  const begun = (runId: string): readonly string[] => {
    const file = join(witness, runId);
    return existsSync(file) ? readFileSync(file, "utf8").split("\n").filter(Boolean) : [];
  };
  const ended = (cluster: Cluster, runId: string, deadlineMs = 120_000) =>
    until(
      `run ${runId} to end`,
      async () => {
        const run = await cluster.anyone(`tell of ${runId}`, (server) => get(server, runId));
        return isTerminal(run.status) && run;
      },
      deadlineMs,
    );
  /** What the records and the scripts themselves say of a run that has ended. */
  async function prove(cluster: Cluster, runId: string, status: string): Promise<void> {
    const story = await until(`the debt of ${runId} to be paid`, async () => {
      const all = await cluster.anyone("tell a story", (server) => storyOf(server, runId));
      // Nothing is owed where nothing was launched.
      return (
        (all.some(({ event }) => event === "released") || !all.some(({ event }) => event === "prepared")) &&
        all
      );
    });
    const context = `${runId} (${status}): ${JSON.stringify(story, undefined, 1)}`;
    assert.deepEqual(checkHistory(story), [], context);
    const starts = begun(runId);
    assert.equal(new Set(starts).size, starts.length, `a launch began twice: ${starts}; ${context}`);
    const attempts = story.filter(({ event }) => event === "claimed" || event === "retried").length;
    assert.ok(starts.length <= attempts, `${starts.length} starts in ${attempts} attempts; ${context}`);
    if (status === "Completed") assert.ok(starts.length > 0, `completed without a start; ${context}`);
    assert.deepEqual(processesOf(runId), [], `processes are left; ${context}`);
  }

  describe("two of them", () => {
    let cluster: Cluster;
    let one: ClusterServer;
    let two: ClusterServer;
    before(async () => {
      cluster = await Cluster.start(2, ["--grace-seconds", "1", "--runs-at-once", "6"]);
      [one, two] = cluster.servers as [ClusterServer, ClusterServer];
    });
    after(() => cluster?.[Symbol.asyncDispose]());

    /** The server that has launched the run. */
    const keeperOf = async (runId: string): Promise<readonly [ClusterServer, ClusterServer]> => {
      const launched = await until(`run ${runId} to be started`, async () =>
        (await storyOf(two, runId)).find(({ event }) => event === "started"),
      );
      const owners = ownersOf(cluster);
      const keeper = cluster.servers.find(({ url }) => owners.get(launched.actor) === url);
      assert.ok(keeper, `${launched.actor} is none of ${[...owners]}`);
      return [keeper, keeper === one ? two : one];
    };

    it("cancel each other's runs, follow each other's logs, and take each other's tokens", async (t) => {
      await submit(one, "shared", { lines: 3000 });
      const [keeper, other] = await keeperOf("shared");
      const follow = await other.call(
        "GET",
        `/malachite/v1.0${workspacePath}/events?kinds=run&log=shared`,
        undefined,
        AbortSignal.timeout(60_000),
      );
      assert.ok(follow.ok, await (follow.ok ? "" : follow.text()));
      const reader = follow.body?.getReader();
      let text = "";
      const told = async (what: string) => {
        while (!text.includes(what)) {
          const { value } = (await reader?.read()) ?? {};
          text += new TextDecoder().decode(value ?? assert.fail(`the stream ended without ${what}: ${text}`));
        }
      };
      await told("line 5");
      const asked = Date.now();
      await cancel(other, "shared");
      const run = await ended(cluster, "shared");
      assert.equal(run.status, "Canceled");
      await told('"Canceled"');
      await reader?.cancel();
      t.diagnostic(`a cancel through another server ended the run in ${Date.now() - asked} ms`);
      await prove(cluster, "shared", "Canceled");
      const ELSEWHERE = `${other.url}/history/v1.0${workspacePath}/runs/elsewhere`;
      await submit(keeper, "elsewhere", { script: CALLS_ELSEWHERE, env: { ELSEWHERE } });
      assert.equal((await ended(cluster, "elsewhere")).status, "Completed");
    });

    it("go on with the runs of one that is killed, within seconds", async (t) => {
      for (const i of [1, 2, 3]) await submit(i === 2 ? two : one, `orphan${i}`, { script: HELD });
      const [keeper, other] = await keeperOf("orphan1");
      await keeper.kill();
      const killed = Date.now();
      writeFileSync(join(witness, "go"), "");
      const heir = await until("another server to write of the run", async () =>
        (await storyOf(other, "orphan1")).find(({ event }) => event === "ended"),
      );
      t.diagnostic(`killed; its runs went on after at most ${Date.now() - killed} ms`);
      assert.equal(ownersOf(cluster).get(heir.actor), other.url);
      for (const i of [1, 2, 3]) {
        assert.equal((await ended(cluster, `orphan${i}`)).status, "Completed");
        await prove(cluster, `orphan${i}`, "Completed");
      }
      await keeper.start();
    });

    it("hand their runs over at once when they are stopped in peace", async (t) => {
      await submit(one, "handed", { lines: 100 });
      const [keeper, other] = await keeperOf("handed");
      await keeper.kill("SIGTERM");
      const stopped = Date.now();
      assert.equal((await ended(cluster, "handed")).status, "Completed");
      t.diagnostic(`stopped; the run ended ${Date.now() - stopped} ms later under ${other.name}`);
      await prove(cluster, "handed", "Completed");
      await keeper.start();
    });

    it("a sleeper that wakes up finds its runs in other hands, and touches none", async () => {
      for (let i = 0; i < 8; i++) await submit(i % 2 ? two : one, `slept${i}`, { lines: 60 });
      one.signal("SIGSTOP");
      for (let i = 0; i < 8; i++) assert.equal((await ended(cluster, `slept${i}`)).status, "Completed");
      one.signal("SIGCONT");
      for (let i = 0; i < 8; i++) await prove(cluster, `slept${i}`, "Completed");
    });

    it("refuse one with another data folder: it would end their runs, whose projects it does not have", async () => {
      const home = mkdtempSync(join(tmpdir(), "malachite-stranger-"));
      const stranger = new ClusterServer("stranger", one.way, join(home, "data"), ["--runs-at-once", "6"]);
      try {
        await stranger.start();
        assert.equal(stranger.url, "", "it takes no work");
        assert.match(stranger.output, /works on this database with another data folder.*--data/);
        await submit(two, "unharmed");
        assert.equal((await ended(cluster, "unharmed")).status, "Completed");
      } finally {
        await stranger.kill();
        rmSync(home, { recursive: true, force: true });
      }
    });

    it("leave the runs of a target that only another has to that one", async () => {
      const flags = ["--runs-at-once", "6", "--grace-seconds", "1", "--target", "night=process"];
      const third = new ClusterServer("third", two.way, cluster.data, flags);
      try {
        await third.start();
        for (let i = 0; i < 6; i++) await submit(third, `night${i}`, { target: "night" });
        for (let i = 0; i < 6; i++) {
          const run = await ended(cluster, `night${i}`);
          assert.equal(run.status, "Completed", JSON.stringify(run.error));
        }
      } finally {
        await third.kill("SIGTERM");
      }
    });

    it("make an environment once for the runs of both", async () => {
      const python = { condaDependencies: { dependencies: ["python>=3.6"] } };
      const script = "import sys; print(sys.prefix)";
      const runIds = [0, 1, 2, 3].map((i) => `made${i}`);
      await Promise.all(runIds.map((id, i) => submit(i % 2 ? two : one, id, { python, script })));
      const made = new Set<string>();
      for (const id of runIds) {
        const run = await ended(cluster, id);
        assert.equal(run.status, "Completed", JSON.stringify(run.error));
        made.add((await logOf(cluster, id)).trim());
      }
      assert.equal(made.size, 1);
      assert.ok([...made][0]?.startsWith(join(cluster.data, "environments")), [...made][0]);
    });

    it("leave what has begun for a target that only a killed one has, until it is back", async () => {
      const silent = createServer().listen(0, "127.0.0.1");
      await once(silent, "listening");
      const { port } = silent.address() as AddressInfo;
      const pip = [`--index-url http://127.0.0.1:${port}/simple`, "malachite-never-answered"];
      const python = { condaDependencies: { dependencies: ["python>=3.6", { pip }] } };
      const flags = ["--runs-at-once", "6", "--grace-seconds", "1", "--target", "night=process"];
      const third = new ClusterServer("third", two.way, cluster.data, flags);
      const why = async () =>
        (await two.json<{ summary: string }>("GET", `/malachite/v1.0${workspacePath}/runs/unprepared/why`))
          .summary;
      try {
        await third.start();
        await submit(third, "unprepared", { target: "night", python });
        await until("its environment", async () => (await get(two, "unprepared")).status === "Preparing");
        await third.kill();
        await until("nobody to go on with it", async () =>
          /start a server there that has the compute target 'night' in its settings/.test(await why()),
        );
        assert.equal((await get(two, "unprepared")).status, "Preparing");
        await third.start();
        await until("its own server", async () => /environment is being made/.test(await why()));
        await third.kill();
        await cancel(two, "unprepared");
        assert.equal((await ended(cluster, "unprepared")).status, "Canceled");
      } finally {
        await third.kill("SIGTERM");
        silent.close();
      }
    });

    it("one that is cut off from the database leaves its runs to the other, and is back when it is mended", async () => {
      for (let i = 0; i < 6; i++) await submit(i % 2 ? two : one, `cut${i}`, { lines: 60 });
      one.way.cut("silent");
      for (let i = 0; i < 6; i++) {
        const run = await until(
          `run cut${i} to end`,
          async () => {
            const now = await get(two, `cut${i}`);
            return isTerminal(now.status) && now;
          },
          90_000,
        );
        assert.equal(run.status, "Completed");
      }
      one.way.mend();
      await until(
        "the server to have its records again",
        () => get(one, "cut0").catch(() => undefined),
        60_000,
      );
      for (let i = 0; i < 6; i++) await prove(cluster, `cut${i}`, "Completed");
    });
  });

  it(`three of them, each disturbed at random for ${SECONDS} s (SERVERS_SEED=${SEED}${CHAOS ? "" : ", SERVERS_SECONDS for longer"})`, async (t) => {
    const chance = random(SEED);
    await using cluster = await Cluster.start(3, ["--grace-seconds", "1", "--runs-at-once", "6"]);
    const end = Date.now() + SECONDS * 1000;
    const runs: { id: string; lines: number; cancelled: boolean }[] = [];
    const done = { kills: 0, sleeps: 0, cuts: 0 };
    let disturbed = 0;

    const disturber = async (server: ClusterServer) => {
      while (Date.now() < end) {
        await sleep(500 + chance() * 4000);
        // One of the three is left alone, so that somebody answers.
        if (disturbed >= 2 || Date.now() >= end) continue;
        disturbed += 1;
        const what = chance();
        if (what < 0.4) {
          done.kills += 1;
          await server.kill();
          await sleep(chance() * 3000);
          await server.start();
        } else if (what < 0.7) {
          done.sleeps += 1;
          server.signal("SIGSTOP");
          await sleep(500 + chance() * 15_000);
          server.signal("SIGCONT");
        } else {
          done.cuts += 1;
          server.way.cut(chance() < 0.5 ? "silent" : "refused");
          await sleep(500 + chance() * 12_000);
          server.way.mend();
        }
        disturbed -= 1;
      }
    };
    const submitter = async (name: string) => {
      for (let i = 0; Date.now() < end; i++) {
        const run = { id: `${name}_${i}`, lines: Math.floor(chance() * 80), cancelled: chance() < 0.2 };
        await cluster.anyone(`take ${run.id}`, (server) => submit(server, run.id, { lines: run.lines }));
        runs.push(run);
        if (run.cancelled) await cluster.anyone(`cancel ${run.id}`, (server) => cancel(server, run.id));
        await sleep(chance() * 300);
      }
    };
    try {
      await Promise.all([...cluster.servers.map(disturber), submitter("a"), submitter("b"), submitter("c")]);
      for (const { id, lines, cancelled } of runs) {
        const { status } = await ended(cluster, id);
        await prove(cluster, id, status);
        assert.ok(status === "Completed" || (status === "Canceled" && cancelled), `${id}: ${status}`);
        if (status !== "Completed") continue;
        assert.equal(await logOf(cluster, id), linesOf(lines), `the log of ${id}`);
      }
    } catch (error) {
      t.diagnostic(cluster.output.slice(-20_000));
      throw error;
    }
    t.diagnostic(`${runs.length} runs, ${JSON.stringify(done)}`);
    assert.ok(runs.length > 5, `${runs.length} runs`);
  });
});
