// The service in the hands of those who run it: health, draining, logs, the audit log, systemd.
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { reached, submit } from "../support/runs.ts";
import { MALACHITE, ROOT, Service, SOURCE, until, WORKSPACE } from "../support/service.ts";

const SERVICE = "/malachite/v1.0/service";
type Status = { status: string; inHand: number; logLevel: string };
type Entry = {
  no: number;
  operation: string;
  status: number;
  who: { name: string; run?: string };
  of: Record<string, string>;
};
type Ready = { ready: boolean; parts: { name: string; ok: boolean; reason?: string }[] };

const cli = (service: Service, args: readonly string[]): string =>
  execFileSync(process.execPath, [...SOURCE, MALACHITE, ...args, "--endpoint", service.url], {
    encoding: "utf8",
    env: { PATH: process.env.PATH, HOME: join(service.data, "..") },
  });

/** A script that ends when the file is there. */
const waitsFor = (file: string): string =>
  `import os,time\nprint("up",flush=True)\nwhile not os.path.exists(${JSON.stringify(file)}): time.sleep(0.05)\n`;

const running = (service: Service): boolean => {
  try {
    process.kill(service.pid ?? 0, 0);
    return !readFileSync(`/proc/${service.pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return false;
  }
};

describe("a service that is run by somebody", { timeout: 600_000 }, () => {
  it("drains: starts nothing new, takes in what comes, ends what it has, stops, and goes on at the next start", async () => {
    await using service = await Service.start({
      flags: ["--runs-at-once", "2", "--metrics-port", "0", "--log-level", "info"],
    });
    const go = join(service.data, "..", "go");
    await submit(service, { files: { "main.py": waitsFor(go) }, runId: "atWork" });
    await reached(service, "atWork", "Running");
    const ready = await service.json<Ready>("GET", "/readyz");
    assert.deepEqual(
      ready.parts.map(({ name, ok }) => [name, ok]),
      [
        ["records", true],
        ["dataFolder", true],
        ["runs", true],
        ["draining", true],
      ],
    );
    const told = await service.json<Status>("PATCH", SERVICE, { draining: true });
    assert.deepEqual([told.status, told.inHand], ["draining", 1]);
    await submit(service, { files: { "main.py": "print(1)" }, runId: "later" });
    await until("it to be not ready", async () => {
      const answer = await service.call("GET", "/readyz");
      const { parts } = (await answer.json()) as Ready;
      return (
        answer.status === 503 && parts.some(({ name, ok, reason }) => name === "draining" && !ok && reason)
      );
    });
    assert.equal((await service.call("GET", "/healthz")).status, 200);
    const metrics = /"event":"metrics","at":"([^"]+)"/.exec(service.output)?.[1] ?? "";
    assert.match(await (await fetch(metrics)).text(), /^malachite_ready 0$/m);
    assert.match(cli(service, ["why", "later"]), /draining and starts no further run/);
    assert.match(cli(service, ["drain", "--off"]), /starts runs again/);
    await reached(service, "later", "Completed");
    cli(service, ["drain", "--no-wait"]);
    await submit(service, { files: { "main.py": "print(1)" }, runId: "last" });
    assert.ok(running(service), "it waits for its run");
    writeFileSync(go, "");
    await service.died();
    assert.match(service.output, /Drained/);
    await service.start();
    await reached(service, "atWork", "Completed");
    await reached(service, "last", "Completed");
  });

  it("logs each request where that is set, more by SIGUSR2, and no token", async () => {
    await using service = await Service.start({ flags: ["--request-log", "true"] });
    await submit(service, { files: { "main.py": "print(1)" }, runId: "logged" });
    await reached(service, "logged", "Completed");
    await service.call("GET", "/nowhere?sig=abcdefgh");
    const lines = () =>
      service.output.split("\n").flatMap((line) => (line.startsWith("{") ? [JSON.parse(line)] : []));
    const request = await until("the line of a run", () =>
      lines().find(({ event, runId }) => event === "request" && runId === "logged"),
    );
    assert.deepEqual([request.method, request.status, request.who], ["GET", 200, "developer"]);
    assert.match(request.route, /\{runId\}$/);
    assert.match(request.correlation, /^[0-9a-f]{32}$/);
    process.kill(service.pid ?? 0, "SIGUSR2");
    await until("the level", () => lines().find(({ event, now }) => event === "logLevel" && now === "info"));
    assert.equal((await service.json<Status>("GET", SERVICE)).logLevel, "info");
    await service.json("PATCH", SERVICE, { logLevel: "error" });
    assert.doesNotMatch(service.output, /Bearer|abcdefgh/);
  });

  it("keeps who did what, over kill -9, and shows it to operators alone", async () => {
    await using service = await Service.start();
    const reader = `import os,urllib.request,urllib.error\nrequest=urllib.request.Request(os.environ["AZUREML_SERVICE_ENDPOINT"]+"${SERVICE}/audit",headers={"Authorization":"Bearer "+os.environ["AZUREML_RUN_TOKEN"]})\ntry:\n  urllib.request.urlopen(request)\nexcept urllib.error.HTTPError as e:\n  raise SystemExit(0 if e.code==403 else 1)\nraise SystemExit(2)\n`;
    await submit(service, { files: { "main.py": reader }, runId: "curious" });
    await reached(service, "curious", "Completed");
    const scope = `/subscriptions/${WORKSPACE.subscriptionId}/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/ws1`;
    await service.call("POST", `/execution/v1.0${scope}/experiments/e2e/runId/missing/cancel`);
    await service.call("GET", `/datastore/v1.0${scope}/datastores`);
    await service.kill("SIGKILL");
    await service.start();
    const { values } = await service.json<{ values: Entry[] }>("GET", `${SERVICE}/audit`);
    const found = values.map(({ operation, status, of, who }) => [
      operation,
      status,
      of.runId ?? "",
      who.name,
    ]);
    assert.deepEqual(found.toReversed(), [
      ["Runs_StartRun", 200, "curious", "developer"],
      ["Runs_CancelRunWithUri", 404, "missing", "developer"],
      ["DataStores_List", 200, "", "developer"],
    ]);
    assert.match(cli(service, ["audit", "--run", "curious"]), /developer +Runs_StartRun +200/);
    assert.match(cli(service, ["audit", "--verify"]), /^3 entries, none changed/);
    const file = join(service.data, "audit", "audit-000000000001.jsonl");
    const text = readFileSync(file, "utf8");
    writeFileSync(file, text.replace('"runId":"missing"', '"runId":"another"'));
    assert.throws(() => cli(service, ["audit", "--verify"]), /entry 2 of the audit log was changed/);
  });

  it("shows itself to who has a token of the operator's own", async () => {
    await using service = await Service.start({ flags: ["--token", "secret-of-operator"] });
    assert.equal((await service.call("GET", SERVICE)).status, 401);
    const answer = await fetch(service.url + SERVICE, {
      headers: { authorization: "Bearer secret-of-operator" },
    });
    assert.equal(answer.status, 200);
  });
});

const LISTENER = `import socket,sys
s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM)
s.bind(sys.argv[1])
while True: print(s.recv(4096).decode().replace("\\n"," "),flush=True)
`;
const has = (program: string): boolean => spawnSync(program, ["--version"]).status === 0;

describe("the systemd unit", { timeout: 600_000 }, () => {
  const unit = join(ROOT, "deploy/systemd/malachite.service");

  it("keeps runs alive over a restart of the service, and hides nothing from them that they need", () => {
    const text = readFileSync(unit, "utf8");
    for (const line of ["Type=notify", "KillMode=process", "Delegate=yes", "StateDirectory=malachite"])
      assert.ok(text.split("\n").includes(line), line);
    assert.doesNotMatch(text, /^Private(Tmp|Devices)=yes|^MemoryDenyWriteExecute=yes/m);
  });

  it("is right in the eyes of systemd", {
    skip: has("systemd-analyze") ? false : "no systemd-analyze here",
  }, () => {
    const folder = mkdtempSync(join(tmpdir(), "malachite-unit-"));
    try {
      // The program of the unit is where an installation puts it: here it is a file that is there.
      const made = join(folder, "malachite.service");
      writeFileSync(made, readFileSync(unit, "utf8").replace("/usr/local/bin/malachite", "/bin/true"));
      const { status, stderr } = spawnSync("systemd-analyze", ["verify", "--recursive-errors=no", made], {
        encoding: "utf8",
      });
      assert.equal(status, 0, stderr);
      assert.doesNotMatch(stderr, /Unknown (key|section)/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("is told when the service takes work and when it stops", {
    skip: has("systemd-notify") ? false : "no systemd-notify here",
  }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "malachite-notify-"));
    const socket = join(folder, "notify");
    mkdirSync(folder, { recursive: true });
    const listener: ChildProcess = spawn("python3", ["-c", LISTENER, socket], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let heard = "";
    listener.stdout?.on("data", (text) => (heard += text));
    try {
      await until("the socket", () => existsSync(socket));
      await using service = await Service.start({ env: { NOTIFY_SOCKET: socket } });
      await until("READY=1", () => /READY=1/.test(heard));
      await service.kill("SIGTERM");
      await until("STOPPING=1", () => /STOPPING=1/.test(heard));
    } finally {
      listener.kill("SIGKILL");
      rmSync(folder, { recursive: true });
    }
  });
});
