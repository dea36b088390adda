// Real programs on an engine that really runs them: hostile trees, odd arguments, floods, and what they may see.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isMalachiteError } from "@malachite/core";
import { type Bench, LOG, readAll } from "./computeDriver.ts";

const sh = (script: string): readonly string[] => ["sh", "-c", script];

/** A process that ticks once in 50 ms into a file of the project, whatever signal it is sent. */
const ticker = (file: string): string =>
  `trap '' TERM HUP INT; while :; do echo tick >>${file}; sleep 0.05; done`;

export function driverProcesses(bench: Bench): void {
  const { signal } = bench;
  const python = bench.options.python ?? "/usr/bin/python3";
  const py = (script: string): readonly string[] => [python, "-c", script];

  /** Asserts that nothing writes to the file any more. Two sizes some time apart: the tick is 50 ms. */
  async function assertQuiet(handle: Awaited<ReturnType<Bench["launch"]>>, file: string): Promise<void> {
    const folder = bench.driver.folder(handle);
    const before = await folder.size(file);
    const until = performance.now() + 200;
    await bench.until("a little time", async () => performance.now() > until);
    assert.equal(await folder.size(file), before, `something still writes ${file}`);
  }

  const ticking = (handle: Awaited<ReturnType<Bench["launch"]>>, file: string) =>
    bench.until(`${file} to grow`, async () => ((await bench.driver.folder(handle).size(file)) ?? 0) > 5);

  describe("what a run sees", () => {
    it("gets its arguments and environment as they were written", async () => {
      const odd = [
        "a b",
        "",
        "'\"`",
        // biome-ignore lint/suspicious/noTemplateCurlyInString: a shell must not expand it.
        "$(echo no) `echo no` $HOME ${HOME}",
        "line\nbreak\n",
        "<<EOF\nEOF\n",
        "\\n%s",
        "*",
        "ü€😀",
        "-n",
        "--",
      ];
      const environment = Object.fromEntries(odd.map((value, index) => [`ODD_${index}`, value]));
      const more = {
        environment: { ...environment, "with.dot": "1", "with-dash": "a b\n", mal_code: "kept", PS4: "x" },
      };
      const names = JSON.stringify(Object.keys(more.environment));
      const script = `import json,os,sys\nprint(json.dumps([sys.argv[1:],{n:os.environ.get(n) for n in ${names}}]))`;
      const handle = await bench.launch("odd", [...py(script), ...odd], more);
      await bench.ended(handle);
      assert.deepEqual(JSON.parse((await bench.log(handle)).toString()), [odd, more.environment]);
    });

    it("gets an argument of 100 kB", async () => {
      const handle = await bench.launch("long", [
        ...py("import sys; print(len(sys.argv[1]))"),
        "x".repeat(100_000),
      ]);
      await bench.ended(handle);
      assert.equal((await bench.log(handle)).toString(), "100000\n");
    });

    it("is refused with an argument that no program can be given", async () => {
      const isRefused = (error: unknown) => isMalachiteError(error) && error.code === "InvalidDefinition";
      await assert.rejects(bench.launch("nul", ["printf", "a\0b"]), isRefused);
      await assert.rejects(bench.launch("nul", ["true"], { environment: { A: "\0" } }), isRefused);
      await assert.rejects(bench.launch("name", ["true"], { environment: { "A=B": "1" } }), isRefused);
      const huge = bench.launchOf("huge", ["true", ...Array.from({ length: 40 }, () => "x".repeat(120_000))]);
      await assert.rejects(bench.driver.launch(huge, signal), isRefused);
      assert.equal(await bench.driver.find(huge.plan.target, huge.plan.key, signal), undefined);
    });

    it("has nothing of the service's own environment but what is documented", async () => {
      process.env.MALACHITE_CONFORMANCE_SECRET = "of the service";
      try {
        const script = "import json,os; print(json.dumps(dict(os.environ)))";
        const handle = await bench.launch("env", py(script), {
          environment: { MINE: "1", PATH: "/opt/none:/usr/bin:/bin" },
        });
        await bench.ended(handle);
        const seen = JSON.parse((await bench.log(handle)).toString());
        assert.equal(seen.MINE, "1");
        assert.equal(seen.PATH, "/opt/none:/usr/bin:/bin");
        assert.equal(seen.MALACHITE_LAUNCH_KEY, handle.key);
        const documented =
          /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_\w+|TZ|TMPDIR|PWD|_|SHLVL|MINE|MALACHITE_LAUNCH_KEY|MALACHITE_RUN_FOLDER)$/;
        const { variables = [] } = bench.options;
        const isOwn = (name: string) =>
          variables instanceof RegExp ? variables.test(name) : variables.includes(name);
        assert.deepEqual(
          Object.keys(seen).filter((name) => !documented.test(name) && !isOwn(name)),
          [],
        );
      } finally {
        delete process.env.MALACHITE_CONFORMANCE_SECRET;
      }
    });

    it("has its secrets, which lie in no file of its folder and not in its handle", async () => {
      const secret = "s3cr3t-9f8e7d6c";
      const argv = sh('[ "$TOKEN" = s3cr3t-"9f8e7d6c" ] && echo had it');
      const handle = await bench.driver.launch(bench.launchOf("secret", argv, {}, { TOKEN: secret }), signal);
      await bench.ended(handle);
      assert.equal((await bench.log(handle)).toString(), "had it\n");
      assert.ok(!JSON.stringify(handle).includes(secret));
      const folder = bench.driver.folder(handle);
      for await (const { path } of folder.list("")) {
        assert.ok(!(await readAll(folder, path)).includes(secret), path);
      }
    });

    it("runs in the project folder, with its folders there and an empty stdin", async () => {
      const handle = await bench.launch(
        "place",
        sh('cat; ls -d outputs logs; basename "$(pwd)"; touch outputs/x'),
      );
      assert.equal((await bench.ended(handle)).code, 0);
      assert.equal((await bench.log(handle)).toString(), "logs\noutputs\nproject\n");
      assert.equal(await bench.driver.folder(handle).size("project/outputs/x"), 0);
    });
  });

  describe("what a run prints", () => {
    it("is kept byte for byte, both streams, binary too", async () => {
      const script = "import os\nfor i in range(256): os.write(1 + i % 2, bytes([i]))";
      const handle = await bench.launch("bytes", py(script));
      await bench.ended(handle);
      assert.deepEqual(
        await bench.log(handle),
        Buffer.from(Array.from({ length: 256 }, (_, index) => index)),
      );
    });

    it("is kept when it is 50 MB in a hurry", async () => {
      const size = 50 * 1024 * 1024;
      const handle = await bench.launch(
        "flood",
        py(`import os\nfor i in range(800): os.write(1, b'%07d\\n' % i * 8192)`),
      );
      assert.equal((await bench.ended(handle)).code, 0);
      const folder = bench.driver.folder(handle);
      assert.equal(await folder.size(LOG), size);
      let at = 0;
      for await (const chunk of folder.read(LOG)) {
        assert.equal(chunk[7 - (at % 8)], 10);
        at += chunk.length;
      }
      assert.equal(at, size);
      await bench.driver.release(handle, signal);
    });

    it("may be nothing, with the streams closed", async () => {
      const handle = await bench.launch("closed", sh("exec >&- 2>&-; echo lost; exit 4"));
      assert.equal((await bench.ended(handle)).code, 4);
      assert.equal((await bench.log(handle)).length, 0);
    });

    it("is told of while it grows, and the end is hinted", async () => {
      const end = new AbortController();
      const hinted = new Set<string>();
      const listening = (async () => {
        for await (const key of bench.driver.hints(end.signal)) hinted.add(key);
      })();
      const handle = await bench.launch(
        "follow",
        sh("echo one; while [ ! -e go ]; do sleep 0.02; done; echo two; exit 0"),
      );
      const folder = bench.driver.folder(handle);
      await bench.logWith(handle, "one");
      let told = 0;
      const following = (async () => {
        for await (const _ of folder.changes(LOG, end.signal)) told = (await folder.size(LOG)) ?? 0;
      })();
      await bench.until("the first look", async () => told === 4);
      await bench.subject.write?.(handle.key, "go", "");
      await bench.until("the news", async () => told === 8);
      await bench.until("the hint", async () => hinted.has(handle.key));
      end.abort();
      await Promise.all([listening, following]);
    });
  });

  describe("how a run ends", () => {
    it("tells a code of 128 and more from a signal, for all signals it can tell", async () => {
      const codes = [2, 126, 127, 128, 130, 137, 143, 255];
      const coded = await Promise.all(codes.map((code) => bench.launch("code", sh(`exit ${code}`))));
      const names = ["HUP", "KILL", "TERM", "SEGV", "ABRT", "USR1", "XCPU"];
      const killed = await Promise.all(
        names.map((name) => bench.launch("killed", sh(`ulimit -c 0; kill -${name} $$`))),
      );
      for (const [index, handle] of coded.entries()) {
        const { code, signal: name, failure } = await bench.ended(handle);
        assert.deepEqual(
          { code, name, failure },
          { code: codes[index], name: undefined, failure: undefined },
        );
      }
      for (const [index, handle] of killed.entries()) {
        const { code, signal: name } = await bench.ended(handle);
        assert.deepEqual({ code, name }, { code: null, name: `SIG${names[index]}` });
      }
    });

    it("is known when the command ends its whole process group", async () => {
      const handle = await bench.launch("group", sh("kill -9 0"));
      assert.equal((await bench.ended(handle)).signal, "SIGKILL");
    });

    it("says that a command could not be started, and the log says why", async () => {
      const missing = await bench.launch("nothing", ["no-such-command-at-all"]);
      const folder = await bench.launch("folder", ["/usr/bin"]);
      const end = await bench.ended(missing);
      assert.equal(end.code, 127);
      assert.match(end.failure ?? "", /not found/);
      assert.match((await bench.log(missing)).toString(), /no-such-command-at-all/);
      assert.equal((await bench.ended(folder)).code, 126);
      assert.match((await bench.ended(folder)).failure ?? "", /executed/);
    });

    it("survives a PATH and a loader path without any tool", async () => {
      const environment = { PATH: "/nowhere", LD_PRELOAD: "/nowhere/x.so", LD_LIBRARY_PATH: "/nowhere" };
      const handle = await bench.launch(
        "path",
        ["/bin/sh", "-c", "echo $PATH $LD_PRELOAD $LD_LIBRARY_PATH"],
        { environment },
      );
      assert.equal((await bench.ended(handle)).code, 0);
      assert.match((await bench.log(handle)).toString(), /^\/nowhere \/nowhere\/x\.so \/nowhere$/m);
    });

    const { memoryLimit } = bench.options;
    it("tells that memory was what ended it", {
      skip: !memoryLimit && "memory is not limited here",
    }, async () => {
      const target = { ...bench.subject.target, options: memoryLimit ?? {} };
      const handle = await bench.launch("memory", py("x = bytearray(200 << 20); print('got it')"), {
        target,
      });
      const end = await bench.ended(handle);
      assert.deepEqual({ signal: end.signal, oom: end.outOfMemory }, { signal: "SIGKILL", oom: true });
      const modest = await bench.launch("modest", py("x = bytearray(8 << 20)"), { target });
      assert.equal((await bench.ended(modest)).outOfMemory, undefined);
    });

    const { cpuLimit } = bench.options;
    it("gives all processes of a run together no more of the processors than their target allows", {
      skip: !cpuLimit && "processors are not limited here",
    }, async () => {
      const target = { ...bench.subject.target, options: cpuLimit ?? {} };
      const burn = `import os, time
begun = time.monotonic()
child = os.fork()
while time.process_time() < 0.2: pass
if child:
    os.wait()
    print(time.monotonic() - begun)`;
      const handle = await bench.launch("burn", py(burn), { target });
      assert.equal((await bench.ended(handle)).code, 0);
      // Two processes of 0.2 s each at a fifth of a processor take two seconds, less what they may use at once at first.
      const took = Number((await bench.log(handle)).toString());
      assert.ok(took > 1.2, `${took} s`);
    });
  });

  describe("when stop returns, nothing runs", () => {
    it("of a grandchild that ignores SIGTERM", async () => {
      const handle = await bench.launch("grand", sh(`(${ticker("a")}) & (${ticker("b")}) & wait`));
      await Promise.all([ticking(handle, "project/a"), ticking(handle, "project/b")]);
      await bench.driver.stop(handle, 1000, signal);
      await Promise.all([assertQuiet(handle, "project/a"), assertQuiet(handle, "project/b")]);
      assert.equal((await bench.ended(handle)).signal, "SIGTERM");
    });

    it("of a child that forked twice and left its session", async () => {
      const escapee = `(setsid sh -c "(${ticker("a").replaceAll("'", "\\'")}) &" &) ; exec sleep 60`;
      const handle = await bench.launch("escape", sh(escapee.replaceAll("\\'", "'")));
      await ticking(handle, "project/a");
      await bench.driver.stop(handle, 100, signal);
      await assertQuiet(handle, "project/a");
    });

    const skip = !bench.options.holdsEverything && "this engine does not hold what clears its environment";
    it("of one that cleared its environment besides", { skip }, async () => {
      const script = `(env -i PATH="$PATH" setsid sh -c "(${ticker("a")}) &" &) ; exec sleep 60`;
      const handle = await bench.launch("cleared", sh(script));
      await ticking(handle, "project/a");
      await bench.driver.stop(handle, 100, signal);
      await assertQuiet(handle, "project/a");
    });

    it("of what a run that ended by itself left behind", async () => {
      const handle = await bench.launch("left", sh(`(setsid sh -c "${ticker("a")}" &) ; sleep 0.5; exit 6`));
      assert.equal((await bench.ended(handle)).code, 6);
      await ticking(handle, "project/a");
      await bench.driver.stop(handle, 0, signal);
      await assertQuiet(handle, "project/a");
      assert.equal((await bench.ended(handle)).code, 6);
    });

    it("of a run that has stopped itself, alone or with its group", async () => {
      const alone = await bench.launch("stopped", sh("echo ready; kill -STOP $$"));
      const group = await bench.launch("stopped", sh("echo ready; kill -STOP 0"));
      await Promise.all([bench.logWith(alone, "ready"), bench.logWith(group, "ready")]);
      await Promise.all([bench.driver.stop(alone, 5000, signal), bench.driver.stop(group, 5000, signal)]);
      assert.equal((await bench.ended(alone)).signal, "SIGTERM");
      assert.equal((await bench.ended(group)).signal, "SIGTERM");
    });

    it("of a run whose processes are replaced by others all the time", async () => {
      // A constant number of processes, none of which lives longer than a moment: as hard to catch as a fork bomb, and
      // unlike one it does not take the machine along when the test fails. Only what holds everything catches the quickest.
      const life = bench.options.holdsEverything ? 0 : 0.03;
      const script = `
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print('ready', flush=True)
end = time.time() + 30
for i in range(20):
    if os.fork() == 0:
        while time.time() < end:
            open('a', 'a').write('tick\\n')
            time.sleep(${life})
            if os.fork() > 0: os._exit(0)
        os._exit(0)
time.sleep(30)`;
      const handle = await bench.launch("chains", py(script));
      await bench.logWith(handle, "ready");
      await ticking(handle, "project/a");
      await bench.driver.stop(handle, 50, signal);
      await assertQuiet(handle, "project/a");
    });

    it("also when it is called off: then it says so and may be asked again", async () => {
      const handle = await bench.launch("called", bench.payloads.stubborn);
      await bench.logWith(handle, "ready");
      const off = AbortSignal.timeout(100);
      await assert.rejects(bench.driver.stop(handle, 60_000, off), { name: "TimeoutError" });
      assert.equal((await bench.sight(handle)).at, "running");
      await bench.driver.stop(handle, 0, signal);
      assert.equal((await bench.ended(handle)).signal, "SIGKILL");
    });
  });
}
