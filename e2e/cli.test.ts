// The command line against a server that it started itself: a person's whole day with it.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type Command, type End, Home } from "./support/cli.ts";

const SCRIPT = `
import os, sys, time
print("hello", *sys.argv[1:], os.environ.get("COLOUR", ""), flush=True)
open("outputs/result.txt", "w").write("42")
if "--wait" in sys.argv:
    while not os.path.exists(os.path.join(os.environ["SIGNS"], "go")): time.sleep(0.02)
    print("went on", flush=True)
sys.exit(7 if "--fail" in sys.argv else 0)
`;

describe("the command line", { timeout: 600_000 }, () => {
  const home = new Home();
  const project = join(home.folder, "project");
  let server: Command;
  let endpoint = "";
  before(async () => {
    write("project/train.py", SCRIPT);
    server = home.start(["up", "--port", "0", "--runs-at-once", "1", "--grace-seconds", "1"]);
    endpoint = (await server.said(/Malachite takes work at (http:\S+)/))[1] ?? "";
  });
  after(() => home[Symbol.asyncDispose]());

  function write(path: string, text: string): void {
    const place = join(home.folder, path);
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, text);
  }
  const malachite = (...args: string[]): Promise<End> => home.run(...args);
  const good = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await malachite(...args);
    assert.equal(code, 0, `${args.join(" ")}: ${stdout}${stderr}`);
    return stdout;
  };
  const submit = async (...args: string[]): Promise<string> =>
    (await good("submit", project, ...args)).trim();
  const status = async (runId: string): Promise<string> =>
    (JSON.parse(await good("show", runId, "-o", "json")) as { status: string }).status;
  /** Starts a run that goes on until its sign is given. */
  const waiting = async (name: string) => {
    const signs = join(home.folder, name);
    mkdirSync(signs);
    const runId = await submit("--env", `SIGNS=${signs}`, "--", "--wait");
    return { runId, go: () => writeFileSync(join(signs, "go"), "") };
  };

  it("refuses a second server on the same data folder, and a port that is in use", async () => {
    const second = await malachite("up", "--port", "0");
    assert.notEqual(second.code, 0);
    assert.match(second.stderr, /data folder|\.malachite\/data/);
    assert.ok(!second.stderr.includes("    at "), second.stderr);
    const port = new URL(endpoint).port;
    const third = await malachite("up", "--port", port, "--data", join(home.folder, "other"));
    assert.notEqual(third.code, 0);
    assert.match(third.stderr, new RegExp(`Port ${port}.*in use`));
    assert.match(server.stdout, /^Malachite takes work at http:\/\/127\.0\.0\.1:\d+\n$/);
  });

  it("submits a folder, and with --wait ends as its script ended", async () => {
    const fine = await malachite("submit", project, "--wait", "--env", "COLOUR=red", "--", "a b", "--x");
    assert.equal(fine.code, 0, fine.stderr);
    const failed = await malachite("submit", project, "--wait", "--", "--fail");
    assert.equal(failed.code, 7, failed.stderr);
    assert.match(failed.stderr, /Failed/);
    assert.equal(await good("logs", fine.stdout.trim()), "hello a b --x red\n");
    assert.equal(await good("logs", failed.stdout.trim()), "hello --fail \n");
  });

  it("follows a log until its end", async () => {
    const { runId, go } = await waiting("follow");
    const logs = home.start(["logs", "-f", runId]);
    await logs.said(/hello --wait/);
    assert.equal(logs.ended, false);
    go();
    const { code, stdout, stderr } = await logs.end;
    assert.deepEqual([code, stdout], [0, "hello --wait \nwent on\n"], stderr);
    assert.match(stderr, /Completed/);
  });

  it("detaches at Ctrl-C, says how to come back, and the run goes on", async () => {
    const { runId, go } = await waiting("detach");
    const logs = home.start(["logs", "--follow", runId]);
    await logs.said(/hello/);
    logs.interrupt();
    const { code, stderr } = await logs.end;
    assert.equal(code, 130);
    assert.match(stderr, new RegExp(`malachite logs -f ${runId}`));
    assert.equal(await status(runId), "Running");
    go();
    assert.match(await good("logs", "-f", runId), /went on\n$/);
    assert.equal(await status(runId), "Completed");
  });

  it("says what a waiting run waits for, cancels, and ends --wait of a canceled run as such", async () => {
    const holder = await waiting("holder");
    const submitting = home.start(["submit", project, "--wait", "--run-id", "waits"]);
    await submitting.said(/waits/);
    const why = JSON.parse(await good("why", "waits", "-o", "json")) as {
      waiting: boolean;
      constraints: { code: string; heldBy?: string[] }[];
    };
    assert.equal(why.waiting, true);
    assert.deepEqual(why.constraints[0], {
      ...why.constraints[0],
      code: "limitReached",
      heldBy: [holder.runId],
    });
    assert.match(await good("why", "waits"), new RegExp(holder.runId));
    await good("cancel", "waits", "--reason", "enough");
    assert.equal((await submitting.end).code, 6);
    assert.match(await good("why", "waits"), /Canceled/);
    await good("cancel", "--wait", holder.runId);
    assert.equal(await status(holder.runId), "Canceled");
    await good("cancel", holder.runId);
  });

  it("lists and shows runs, for people and for programs", async () => {
    const runId = await submit("--tag", "colour=blue", "--name", "a name", "--experiment", "listed");
    await malachite("logs", "-f", runId);
    const listed = JSON.parse(await good("list", "-x", "listed", "-o", "json")) as {
      runId: string;
      tags: object;
      displayName: string;
    }[];
    assert.equal(listed.length, 1);
    assert.deepEqual(
      [listed[0]?.runId, listed[0]?.tags, listed[0]?.displayName],
      [runId, { colour: "blue" }, "a name"],
    );
    const table = await good("list", "--filter", "tags/colour eq 'blue'");
    assert.match(table, new RegExp(`^RUN[^]*\n${runId} +Completed `));
    const shown = JSON.parse(await good("show", runId, "-o", "json")) as { story: { event: string }[] };
    assert.equal(shown.story[0]?.event, "submitted");
    assert.match(await good("show", runId), /Completed/);
  });

  it("downloads what a run has kept", async () => {
    const runId = await submit();
    await malachite("logs", "-f", runId);
    const to = join(home.folder, "downloaded");
    await good("download", runId, "--to", to);
    assert.equal(readFileSync(join(to, "outputs/result.txt"), "utf8"), "42");
    assert.equal(readFileSync(join(to, "user_logs/std_log.txt"), "utf8"), "hello \n");
    assert.equal(existsSync(join(to, "train.py")), false);
  });

  it("prints the settings in use for a shell, and honours a workspace file", async () => {
    assert.match(await good("env"), new RegExp(`export MALACHITE_ENDPOINT='${endpoint}'`));
    const other = "22222222-2222-2222-2222-222222222222";
    const config = { subscription_id: other, resource_group: "g", workspace_name: "w" };
    write("elsewhere/.azureml/config.json", JSON.stringify(config));
    write("elsewhere/sub/train.py", "print('there')\n");
    const submitted = await home.start(["submit", "--follow"], join(home.folder, "elsewhere/sub")).end;
    assert.deepEqual([submitted.code, submitted.stdout], [0, "there\n"], submitted.stderr);
    const listed = (...args: string[]) => good("list", "-o", "json", "-x", "sub", ...args);
    assert.equal((JSON.parse(await listed("-w", `${other}/g/w`)) as unknown[]).length, 1);
    assert.equal((JSON.parse(await listed()) as unknown[]).length, 0);
  });

  it("takes a run configuration, and arguments after -- win over its own", async () => {
    write(
      "configured/.azureml/small.runconfig",
      "script: go.py\narguments:\n- --from\n- config\nframework: Python\nenvironment:\n  python:\n    userManagedDependencies: true\n    interpreterPath: python3\n  environmentVariables:\n    COLOUR: green\n",
    );
    write("configured/go.py", "import os, sys\nprint(*sys.argv[1:], os.environ['COLOUR'])\n");
    const folder = join(home.folder, "configured");
    const own = await malachite("submit", folder, "--config", "small", "--follow");
    assert.deepEqual([own.code, own.stdout], [0, "--from config green\n"], own.stderr);
    const given = await malachite("submit", folder, "-c", "small", "-f", "--", "1");
    assert.deepEqual([given.code, given.stdout], [0, "1 green\n"], given.stderr);
  });

  it("tells what went wrong in words and by its exit code", async () => {
    const cases: [number, RegExp, ...string[]][] = [
      [5, /nobody/, "show", "nobody"],
      [5, /nobody/, "logs", "-f", "nobody"],
      [5, /nobody/, "download", "nobody"],
      [5, /nobody/, "cancel", "nobody"],
      [1, /gpu.*local/s, "submit", project, "--target", "gpu"],
      [2, /none\.py/, "submit", project, "--script", "none.py"],
      [2, /folder/, "submit", join(home.folder, "nowhere")],
      [2, /colour/, "list", "--colour"],
      [3, /malachite up/, "list", "--endpoint", "http://127.0.0.1:9"],
      [4, /token/i, "list", "--token", "wrong"],
      [2, /SUBSCRIPTION/, "list", "-w", "ws1"],
    ];
    for (const [code, words, ...args] of cases) {
      const end = await malachite(...args);
      assert.equal(end.code, code, `${args.join(" ")}: ${end.stdout}${end.stderr}`);
      assert.match(end.stderr, words);
      assert.ok(!/^ {4}at /m.test(end.stderr), `a stack: ${end.stderr}`);
      assert.equal(end.stdout, "");
    }
    assert.ok(!existsSync(join(home.folder, "nobody")), "no folder is made for a run that is not there");
  });

  it("shows the whole way of a run by itself", async () => {
    const data = join(home.folder, "demo-data");
    const demo = await malachite("demo", "--once", "--port", "0", "--data", data);
    assert.equal(demo.code, 0, `${demo.stdout}${demo.stderr}`);
    assert.match(demo.stdout, /outputs\/metrics\.json/);
  });

  it("stops at Ctrl-C; its runs go on, and the next server finds them", async () => {
    const { runId, go } = await waiting("outlives");
    const logs = home.start(["logs", "-f", runId]);
    await logs.said(/hello/);
    server.interrupt();
    const { code, stderr } = await server.end;
    assert.equal(code, 0, stderr);
    server = home.start(["up", "--port", new URL(endpoint).port, "--runs-at-once", "1"]);
    await server.said(/takes work/);
    go();
    const followed = await logs.end;
    assert.deepEqual([followed.code, followed.stdout], [0, "hello --wait \nwent on\n"], followed.stderr);
    assert.equal(await status(runId), "Completed");
  });
});
