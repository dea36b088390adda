// The start script in every POSIX shell of the machine, also as on systems without setsid.
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { parseExitRecord } from "./exitRecord.ts";
import { RUN_FOLDER } from "./launchPlan.ts";
import { CLAIM_LOST, START_SCRIPT } from "./startScript.ts";

/** What systems have as /bin/sh. (mksh is not among them: it counts in 32 bits.) */
const SHELLS: readonly (readonly string[])[] = [["sh"], ["dash"], ["bash", "--posix"], ["busybox", "sh"]];
const tried = new Set<string>();

/** False also for a name of a shell that is tried under another name already. */
function isHere([name]: readonly string[]): boolean {
  const find = spawnSync("sh", ["-c", `readlink -f "$(command -v ${name})"`], { encoding: "utf8" });
  const path = find.stdout.trim();
  if (path === "" || tried.has(path)) return false;
  tried.add(path);
  return true;
}

/** As on a system without setsid, and without /proc/uptime and `date +%N`. */
const POORER = START_SCRIPT.replace("command -v setsid >/dev/null", "false")
  .replaceAll("/proc/uptime", "/proc/no-uptime")
  .replaceAll("+%s%3N", "+%sN");

for (const shell of SHELLS) {
  const skip = !isHere(shell) && "this shell is not here, or was tried under another name";
  for (const [variant, script] of [
    ["", START_SCRIPT],
    [", on a poorer system", POORER],
  ] as const) {
    describe(`start script in ${shell.join(" ")}${variant}`, { skip }, () => {
      let root = "";
      before(() => {
        // A blank and a quote in the path: nothing may depend on their absence.
        root = mkdtempSync(join(tmpdir(), "malachite start's "));
      });
      after(() => rmSync(root, { recursive: true, force: true }));

      function prepare(): string {
        const folder = mkdtempSync(join(root, "run "));
        mkdirSync(join(folder, "project"));
        mkdirSync(join(folder, "user_logs"));
        // The script starts itself again: in the shell under test too, not in the one called sh here.
        writeFileSync(
          join(folder, "start.sh"),
          script.replaceAll('sh "$0" --inside', `${shell.join(" ")} "$0" --inside`),
        );
        return folder;
      }
      function begin(
        folder: string,
        argv: readonly string[],
        options: readonly string[] = [],
        env = {},
      ): ChildProcess {
        const [program = "sh", ...first] = shell;
        return spawn(program, [...first, join(folder, "start.sh"), folder, ...options, "--", ...argv], {
          stdio: "ignore",
          detached: true,
          env: { PATH: process.env.PATH, ...env },
        });
      }
      async function run(argv: readonly string[], options: readonly string[] = [], env = {}) {
        const folder = prepare();
        const [code] = await once(begin(folder, argv, options, env), "exit", inTime());
        assert.equal(code, 0);
        const text = readFileSync(join(folder, RUN_FOLDER.exit), "utf8");
        const record = parseExitRecord(text);
        assert.ok(record, text);
        return { folder, record, log: readFileSync(join(folder, RUN_FOLDER.log), "utf8") };
      }

      it("reads a setup file, which changes nothing that the run is given", async () => {
        const setup = join(root, "set up.sh");
        writeFileSync(
          setup,
          'echo "$# loaded"; export FROM_SETUP="two words" GIVEN=changed LD_LIBRARY_PATH=/opt/lib PATH="/opt/m:$PATH"; set -u; IFS=:; trap true EXIT; cd /\n',
        );
        const env = {
          MALACHITE_SETUP: setup,
          MALACHITE_GIVEN: "GIVEN LATE",
          MALACHITE_TOOL_PATH: "/opt/tools",
          GIVEN: 'a "b" $c\nd',
          LATE: "",
        };
        const says = 'echo "$FROM_SETUP|$GIVEN|$LATE|$LD_LIBRARY_PATH|$PATH|$PWD|$MALACHITE_SETUP"';
        const { folder, record, log } = await run(["sh", "-c", says], [], env);
        assert.equal(record.code, 0);
        assert.equal(
          log,
          `two words|a "b" $c\nd||/opt/lib|/opt/tools:/opt/m:${process.env.PATH}|${folder}/project|\n`,
        );
        const given = { MALACHITE_LD_LIBRARY_PATH: "/given", ...env };
        assert.match((await run(["sh", "-c", says], [], given)).log, /\|\/given\|/);
      });

      it("tells why a setup file failed, in its last words", async () => {
        const setup = join(root, "bad.sh");
        const failureOf = async (text?: string) => {
          rmSync(setup, { force: true });
          if (text !== undefined) writeFileSync(setup, text);
          const { record, log } = await run(["echo", "ran"], [], { MALACHITE_SETUP: setup });
          assert.equal(log, "");
          assert.equal(record.stage, "environment");
          assert.notEqual(record.code, 0);
          return record.failure ?? "";
        };
        const why = "The setup file of the compute target failed: ";
        assert.equal(
          await failureOf('echo first; echo "no \\"module\\" cuda." >&2; echo; exit 3\n'),
          `${why}no module cuda.`,
        );
        assert.equal(await failureOf("trap true EXIT; exit 3\n"), `${why}it ended with 3.`);
        assert.match(await failureOf(), new RegExp(`${why}.+bad\\.sh`));
      });

      it("tells all exit codes", async () => {
        for (const code of [0, 1, 64, 125, 126, 127, 128, 129, 130, 137, 139, 141, 143, 162, 255]) {
          const { record } = await run(["sh", "-c", `exit ${code}`]);
          assert.deepEqual({ ...record, startedAt: 0, endedAt: 0 }, { code, startedAt: 0, endedAt: 0 });
        }
      });

      it("tells the signals that ended the command", async () => {
        for (const name of [
          "HUP",
          "QUIT",
          "ILL",
          "ABRT",
          "BUS",
          "FPE",
          "KILL",
          "USR1",
          "SEGV",
          "USR2",
          "ALRM",
          "TERM",
          "XCPU",
        ]) {
          const { record } = await run(["sh", "-c", `ulimit -c 0; kill -${name} $$`]);
          assert.deepEqual(
            [record.code, record.signal, record.failure],
            [null, `SIG${name}`, undefined],
            name,
          );
        }
      });

      it("tells SIGINT and SIGPIPE as their codes, for shells say nothing of them", async () => {
        assert.equal((await run(["sh", "-c", "kill -INT $$"])).record.code, 130);
        assert.equal((await run(["sh", "-c", "kill -PIPE $$"])).record.code, 141);
      });

      it("has a word for a real-time signal", async () => {
        const { record } = await run(["sh", "-c", "kill -40 $$"]);
        assert.equal(record.code, null);
        assert.match(record.signal ?? "", /^SIG(40|RTMIN.*)$/);
      });

      it("says why a command could not be started", async () => {
        const bad = join(root, "bad interpreter");
        writeFileSync(bad, "#!/no/such/interpreter\n", { mode: 0o755 });
        const plain = join(root, "plain file");
        writeFileSync(plain, "text\n", { mode: 0o644 });
        for (const [argv, code, why] of [
          [["no-such-command"], 127, /not found/],
          [["/no/such/file"], 127, /not found/],
          [[root], 126, /not be executed/],
          [[plain], 126, /not be executed/],
          [[bad], undefined, /not found|not be executed/],
        ] as const) {
          const { record, log } = await run(argv);
          if (code !== undefined) assert.equal(record.code, code, String(argv));
          assert.match(record.failure ?? "", why, String(argv));
          assert.ok(log.includes(argv[0]), log);
        }
      });

      it("says that the project folder or the control group is not there", async () => {
        const folder = prepare();
        rmSync(join(folder, "project"), { recursive: true });
        await once(begin(folder, ["true"]), "exit");
        assert.match(
          parseExitRecord(readFileSync(join(folder, "exit.json"), "utf8"))?.failure ?? "",
          /project folder/,
        );
        const { record } = await run(["true"], ["--cgroup", join(root, "none")]);
        assert.match(record.failure ?? "", /control group/);
      });

      it("tells the times, of its own or counted from what it was told", async () => {
        const before = Date.now();
        const { record } = await run(["sleep", "0.3"]);
        const { startedAt = 0, endedAt = 0 } = record;
        assert.ok(startedAt >= before - 1000 && endedAt <= Date.now() + 1000, JSON.stringify(record));
        assert.ok(endedAt - startedAt >= (variant === "" ? 280 : 0), JSON.stringify(record));
        const told = (await run(["true"], ["--at", "1000000"])).record;
        assert.equal(told.startedAt, 1_000_000);
      });

      it("runs once when it is started twice at once, and the loser touches nothing", async () => {
        const folder = prepare();
        const started = Array.from({ length: 8 }, () => begin(folder, ["sh", "-c", "echo ran; sleep 0.1"]));
        const codes = await Promise.all(started.map(async (child) => (await once(child, "exit"))[0]));
        assert.deepEqual(codes.toSorted(), [0, ...Array(7).fill(CLAIM_LOST)].toSorted());
        assert.equal(readFileSync(join(folder, RUN_FOLDER.log), "utf8"), "ran\n");
        const files = readdirSync(folder);
        const late = begin(folder, ["sh", "-c", "echo again"]);
        assert.deepEqual(await once(late, "exit"), [CLAIM_LOST, null]);
        assert.deepEqual(readdirSync(folder), files);
        assert.equal(readFileSync(join(folder, RUN_FOLDER.log), "utf8"), "ran\n");
      });

      it("outlives the signals of a terminal and of its group, and tells the end of the command", async () => {
        const folder = prepare();
        const child = begin(folder, [
          "sh",
          "-c",
          "trap '' HUP INT TERM; echo ready; while [ ! -e end ]; do sleep 0.02; done; exit 7",
        ]);
        const ended = once(child, "exit");
        await until(
          () => existsSync(join(folder, RUN_FOLDER.log)) && statSync(join(folder, RUN_FOLDER.log)).size > 0,
        );
        for (const name of ["SIGHUP", "SIGINT", "SIGTERM"] as const) process.kill(-(child.pid ?? 0), name);
        writeFileSync(join(folder, "project/end"), "");
        await ended;
        assert.equal(parseExitRecord(readFileSync(join(folder, "exit.json"), "utf8"))?.code, 7);
      });

      it("hands the command its arguments and variables unchanged, and none of its own", async () => {
        const odd = ["", " ", "a  b", "'", '"', "\\", "$HOME", "`x`", "*", "--", "-n", "line\nbreak\n", "ü"];
        const env = {
          mal_code: "kept",
          mal_folder: "kept",
          code: "1",
          IFS: "x",
          PS4: "$(x)",
          MALACHITE_LD_PRELOAD: "",
        };
        const { folder, log } = await run(
          ["sh", "-c", 'for a; do printf "<%s>" "$a"; done; env', "sh", ...odd],
          [],
          env,
        );
        assert.ok(log.startsWith(odd.map((text) => `<${text}>`).join("")), log);
        const own = log.split("\n").filter((line) => line.startsWith("mal_"));
        // What a script sets under an exported name would be seen; the names are its own, so only an odd environment has them.
        assert.ok(
          own.every((line) => /^mal_(code|folder)=/.test(line)),
          own.join(),
        );
        assert.ok(log.includes("code=1") && log.includes(`PWD=${join(folder, "project")}`), log);
        assert.ok(!log.includes("MALACHITE_LD_PRELOAD") && log.includes("LD_PRELOAD="), log);
      });

      it("leaves its record even when the disk is full", {
        skip: process.platform !== "linux" || process.getuid?.() !== 0,
      }, async (test) => {
        const disk = mkdtempSync(join(root, "disk "));
        if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=256k", "none", disk]).status !== 0)
          return test.skip("no mount here");
        try {
          const folder = join(disk, "run");
          mkdirSync(join(folder, "project"), { recursive: true });
          mkdirSync(join(folder, "user_logs"));
          writeFileSync(join(folder, "start.sh"), script);
          await once(
            begin(folder, [
              "sh",
              "-c",
              "cat /dev/zero >filler 2>/dev/null; cat /dev/zero >filler2 2>/dev/null; kill -9 $$",
            ]),
            "exit",
          );
          const record = parseExitRecord(readFileSync(join(folder, "exit.json"), "utf8"));
          assert.equal(record?.signal, "SIGKILL");
        } finally {
          spawnSync("umount", [disk]);
        }
      });
    });
  }
}

/** A script that hangs fails its test and does not hold up the others. */
const inTime = () => ({ signal: AbortSignal.timeout(120_000) });

async function until(fact: () => boolean): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!fact()) {
    assert.ok(Date.now() < deadline, "not within a minute");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
