// All runs of a target are let go of at once: what is asked first, which runs are meant, and which are not.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { BIN, Home } from "../support/cli.ts";
import { cancel, getRun, python3, reached, story, submit } from "../support/runs.ts";
import { Service, until, WORKSPACE } from "../support/service.ts";

/** Runs the command at a terminal of its own, where the line is typed once it is asked for, and the folder that tells of it has gone. */
const AT_A_TERMINAL = `
import os, pty, sys, time
line, asked, command = sys.argv[1], sys.argv[2], sys.argv[3:]
pid, terminal = pty.fork()
if pid == 0: os.execvp(command[0], command)
said = b""
while True:
    try: data = os.read(terminal, 4096)
    except OSError: break
    if not data: break
    said += data
    if b"to go on: " in said and line:
        os.mkdir(asked)
        while os.path.exists(asked): time.sleep(0.02)
        os.write(terminal, line.encode() + b"\\n")
        line = ""
sys.stdout.write(said.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

describe("the runs of a target", () => {
  const folder = mkdtempSync(join(tmpdir(), "malachite-let-go-"));
  const home = new Home();
  let service: Service;
  before(async () => {
    const settings = join(folder, "malachite.json");
    writeFileSync(settings, JSON.stringify({ target: { night: "process", day: "process" }, runsAtOnce: 4 }));
    service = await Service.start({ flags: ["--settings", settings] });
    home.env = { MALACHITE_ENDPOINT: service.url, MALACHITE_TOKEN: "dev" };
  });
  after(async () => {
    await service?.[Symbol.asyncDispose]();
    await home[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  const at = ["-w", `${WORKSPACE.subscriptionId}/rg/ws1`];
  const letGo = (...more: readonly string[]) =>
    home.run("cancel", "--let-go", "--target", "night", ...more, ...at);
  async function typing(line: string, meanwhile: () => Promise<unknown> = async () => undefined) {
    const asked = join(folder, "asked");
    const command = [process.execPath, BIN, "cancel", "--let-go", "--target", "night", ...at];
    const child = spawn(python3(), ["-c", AT_A_TERMINAL, line, asked, ...command], {
      env: { ...process.env, HOME: home.folder, ...home.env },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let said = "";
    child.stdout.on("data", (chunk) => {
      said += chunk;
    });
    const { promise, resolve } = Promise.withResolvers<number | null>();
    child.once("close", resolve);
    await until("the question", () => existsSync(asked) || child.exitCode !== null);
    await meanwhile();
    rmSync(asked, { recursive: true, force: true });
    return { code: await promise, said };
  }
  async function running(target: string): Promise<string> {
    const runId = await submit(service, {
      files: { "main.py": "import time\ntime.sleep(3600)\n" },
      configuration: { target },
    });
    await reached(service, runId, "Running");
    return runId;
  }
  const status = async (runId: string) => (await getRun(service, runId)).status;

  it("are shown, and let go of when somebody types its name or has said so before", async () => {
    const [one, two, other] = [await running("night"), await running("night"), await running("day")];

    const unasked = await letGo();
    assert.equal(unasked.code, 2, unasked.stderr);
    assert.match(unasked.stderr, /2 runs on 'night' would be let go of.*--yes/s);
    for (const runId of [one, two]) assert.ok(unasked.stderr.includes(`${runId}: Running`), unasked.stderr);
    assert.ok(!unasked.stderr.includes(other));
    const wrong = await typing("nigth");
    assert.equal(wrong.code, 2, wrong.said);
    assert.match(wrong.said, /2 runs on 'night' will be closed.*nothing was let go of/s);
    for (const runId of [one, two, other]) assert.equal(await status(runId), "Running");

    const typed = await typing("night");
    assert.equal(typed.code, 0, typed.said);
    assert.match(typed.said, /Let go of 2 runs on 'night'/);
    for (const runId of [one, two]) {
      assert.equal(await status(runId), "Canceled");
      assert.ok((await story(service, runId)).some(({ event }) => event === "letGo"));
    }
    assert.equal(await status(other), "Running");

    const third = await running("night");
    const told = await letGo("--yes", "--reason", "burnt");
    assert.equal(told.code, 0, told.stderr);
    assert.match(told.stderr, new RegExp(`${third}: Canceled.*Let go of 1 run on 'night'`, "s"));
    const none = await letGo("--yes");
    assert.equal(none.code, 0, none.stderr);
    assert.match(none.stderr, /No run of this workspace is on 'night'/);
    await cancel(service, other);
  });

  it("that have ended before it is typed are passed over", async () => {
    const [ends, stays] = [await running("night"), await running("night")];
    const { code, said } = await typing("night", async () => {
      await cancel(service, ends);
      await until("its release", async () => (await story(service, ends)).at(-1)?.event === "released");
    });
    assert.equal(code, 0, said);
    assert.match(said, new RegExp(`'${ends}' has ended as Canceled.*Let go of 1 run on 'night'`, "s"));
    assert.equal((await story(service, ends)).filter(({ event }) => event === "letGo").length, 0);
    assert.equal(await status(stays), "Canceled");
  });

  it("of a name that no target has are none", async () => {
    const unknown = await home.run("cancel", "--let-go", "--target", "nihgt", "--yes", ...at);
    assert.notEqual(unknown.code, 0, unknown.stderr);
    assert.match(unknown.stderr, /nihgt/);
  });
});
