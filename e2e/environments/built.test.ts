// Environments that a real service builds for real runs: docs/run-definition.md names these tests. Packages come from the index of
// this machine, from a folder that a test fills, and, where the engines' scripts are beside the repository, from a conda channel.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import {
  cancel,
  ended,
  experiment,
  fileOf,
  getRun,
  python3,
  reached,
  submit,
  type WireRun,
} from "../support/runs.ts";
import { MALACHITE, ROOT, Service, SOURCE, until, workspacePath } from "../support/service.ts";

const BUILD_LOG = "azureml-logs/20_image_build_log.txt";
const LOCK = "azureml-logs/environment-lock.txt";
const SOURCE_PACKAGE = fileURLToPath(new URL("./sourcePackage.py", import.meta.url));
const EXAMPLE = join(ROOT, "examples/environment");
const CONDA = join(ROOT, "../shared/engines/conda.sh");

/** The minor version of this machine's own python: what CI has for certain. */
const MINOR = execFileSync(python3(), ["-c", "import sys; print('%d.%d' % sys.version_info[:2], end='')"], {
  encoding: "utf8",
});

type Warned = WireRun & { warnings: { message: string }[]; properties: Record<string, string> };

/** True while the process lives; a zombie does not. */
function lives(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

/** Python that prints what of the module it has. */
const telling = (module: string) => ({ "main.py": `import ${module}\nprint(${module}.VERSION)\n` });

describe("an environment that is built", () => {
  const folder = mkdtempSync(join(tmpdir(), "malachite-e2e-environments-"));
  let service: Service;
  before(async () => {
    service = await Service.start({ flags: ["--runs-at-once", "6"] });
  });
  after(async () => {
    await service[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const environmentOf = (dependencies: readonly unknown[], more: Record<string, unknown> = {}) => ({
    environment: {
      name: "default-environment",
      version: null,
      python: {
        userManagedDependencies: false,
        interpreterPath: "python",
        condaDependencies: {
          channels: ["anaconda", "conda-forge"],
          name: "project_environment",
          dependencies,
        },
        condaDependenciesFile: null,
        baseCondaEnvironment: null,
        ...more,
      },
      inferencingStackVersion: "latest",
      r: null,
    },
  });

  /** A folder with a source package of that name, and the pip section that installs it. */
  function slowPackage(name: string): { at: string; pip: string[] } {
    const at = join(folder, name);
    mkdirSync(at);
    execFileSync(python3(), [SOURCE_PACKAGE, at, name, "1.0"]);
    return { at, pip: ["--no-index", `--find-links ${at}`, name] };
  }

  const text = async (runId: string, path: string) => String(await fileOf(service, runId, path));
  const logFilesOf = async (runId: string) =>
    Object.keys(
      (
        await service.json<{ logFiles: Record<string, string> }>(
          "GET",
          `/history/v1.0${experiment()}/runs/${runId}/details`,
        )
      ).logFiles,
    );
  const environments = () =>
    readdirSync(join(service.data, "environments")).filter((name) => /^[0-9a-f]{32}$/.test(name));
  const malachite = (...args: readonly string[]) =>
    spawnSync(process.execPath, [...SOURCE, MALACHITE, ...args, "--endpoint", service.url], {
      encoding: "utf8",
    });

  it("has the python and the packages of condaDependencies, and is the script's PATH", async () => {
    const conda = readFileSync(join(EXAMPLE, "conda.yml"), "utf8");
    assert.match(conda, /six==1\.16\.0/);
    const configuration = {
      script: "train.py",
      ...environmentOf([`python=${MINOR}.99`, { pip: ["six==1.16.0"] }]),
    };
    const files = { "train.py": readFileSync(join(EXAMPLE, "train.py"), "utf8") };
    const runId = await submit(service, { files, configuration });
    const run = (await reached(service, runId, "Completed", 240_000)) as Warned;
    const told = JSON.parse(await text(runId, "outputs/environment.json")) as Record<string, string>;
    assert.equal(told.six, "1.16.0");
    assert.equal(told.python, MINOR);
    assert.equal(told.pip, join(told.prefix ?? "", "bin", "pip"));
    assert.match(
      run.warnings[0]?.message ?? "",
      new RegExp(`Python ${MINOR}\\.\\d+ is used: ${MINOR}\\.99 is not`),
    );
    assert.match(await text(runId, BUILD_LOG), /\+ six==1\.16\.0\n/);
    assert.match(await text(runId, LOCK), /\nsix==1\.16\.0 --hash=sha256:/);
    assert.ok((await logFilesOf(runId)).includes(BUILD_LOG));
    const shown = malachite("logs", runId, "--path", BUILD_LOG);
    assert.match(shown.stdout, /six==1\.16\.0/);
    // The second asks for the same, and nothing is built for it.
    const again = await submit(service, { files, configuration });
    await reached(service, again, "Completed");
    assert.ok(!(await logFilesOf(again)).includes(BUILD_LOG));
    assert.equal(environments().length, 1);
  });

  it("tells its build live, once for all who wait, and is not lost by kill -9", async () => {
    const { at, pip } = slowPackage("tardy");
    const configuration = environmentOf([`python=${MINOR}`, { pip }]);
    const runs = [
      await submit(service, { files: telling("tardy"), configuration }),
      await submit(service, { files: telling("tardy"), configuration }),
    ];
    await until("the build to be at work", () => existsSync(join(at, "pid")));
    for (const runId of runs) {
      assert.equal((await reached(service, runId, "Preparing")).status, "Preparing");
      await until("the log to be named", async () => (await logFilesOf(runId)).includes(BUILD_LOG));
      assert.match(await text(runId, BUILD_LOG), /Creating virtual environment/);
    }
    const pid = Number(readFileSync(join(at, "pid"), "utf8"));
    await service.kill();
    rmSync(join(at, "pid"), { force: true });
    await service.start();
    await until("the build to be at work again", () => existsSync(join(at, "pid")));
    assert.ok(!lives(pid), "what the killed service had begun is over");
    writeFileSync(join(at, "go"), "");
    for (const runId of runs) {
      await reached(service, runId, "Completed");
      assert.equal(await text(runId, "user_logs/std_log.txt"), "1.0\n");
      const log = await text(runId, BUILD_LOG);
      assert.match(log, /\+ tardy==1\.0[\s\S]*The environment is ready after/);
      assert.equal(log.match(/Creating virtual environment/g)?.length, 1);
    }
  });

  it("is given up when its run is canceled, with all that was at work", async () => {
    const { at, pip } = slowPackage("unwanted");
    const runId = await submit(service, {
      files: telling("unwanted"),
      configuration: environmentOf([`python=${MINOR}`, { pip }]),
    });
    await until("the build to be at work", () => existsSync(join(at, "pid")));
    const pid = Number(readFileSync(join(at, "pid"), "utf8"));
    await cancel(service, runId);
    assert.equal((await ended(service, runId)).status, "Canceled");
    await until("the build to be over", () => !lives(pid));
  });

  it("that fails is a failed run with the tool's own last words", async () => {
    const { at, pip } = slowPackage("hopeless");
    writeFileSync(join(at, "broken"), "");
    const runId = await submit(service, {
      files: telling("hopeless"),
      configuration: environmentOf([`python=${MINOR}`, { pip }]),
    });
    const run = await reached(service, runId, "Failed");
    assert.match(run.error?.error?.message ?? "", /the compiler of hopeless says no/);
    assert.match(await text(runId, BUILD_LOG), /the compiler of hopeless says no/);
    const secret = await submit(service, {
      files: telling("x"),
      configuration: environmentOf([
        `python=${MINOR}`,
        { pip: ["nothing-here", "--index-url http://me:s3cret-word@127.0.0.1:9/simple"] },
      ]),
    });
    const failed = await reached(service, secret, "Failed");
    const all = `${failed.error?.error?.message} ${await text(secret, BUILD_LOG)}`;
    assert.match(all, /127\.0\.0\.1:9/);
    assert.doesNotMatch(all, /s3cret-word/);
  });

  it("is taken by its registered name, in the newest version or in one that is named", async () => {
    const { at, pip } = slowPackage("known");
    writeFileSync(join(at, "go"), "");
    const put = (variable: string) =>
      service.json("PUT", `/environment/v1.0${workspacePath}/environments/mine`, {
        ...environmentOf([`python=${MINOR}`, { pip }]).environment,
        name: "mine",
        environmentVariables: { SAYS: variable, EMPTY: "" },
      });
    await put("first");
    await put("second");
    const files = {
      "main.py": "import known, os\nprint(os.environ['SAYS'], repr(os.environ['EMPTY']), known.VERSION)\n",
    };
    for (const [version, says] of [
      [null, "second"],
      [undefined, "second"],
      ["1", "first"],
    ] as const) {
      const runId = await submit(service, {
        files,
        configuration: { environment: { name: "mine", version } },
      });
      await reached(service, runId, "Completed");
      assert.equal(await text(runId, "user_logs/std_log.txt"), `${says} '' 1.0\n`);
    }
    const unknown = submit(service, {
      files,
      configuration: { environment: { name: "mine", version: "9" } },
    });
    await assert.rejects(unknown, /404.*no version '9' of the environment 'mine'/);
  });

  it("is refused before it is queued where it names what cannot be", async () => {
    for (const [dependencies, words] of [
      [["python=2.7"], /asks for python=2\.7, and this machine has none that fits\. There are: 3\./],
      [[{ pip: ["-e ."] }], /dependencies\[0\]\.pip\[0\].*Editable packages/],
      [[{ pip: ["-r none.txt"] }], /none\.txt', which is no file of the project/],
    ] as const)
      await assert.rejects(
        submit(service, { files: telling("x"), configuration: environmentOf(dependencies) }),
        words,
      );
    const based = environmentOf([], { baseCondaEnvironment: "no-such-base" });
    await assert.rejects(
      submit(service, { files: telling("x"), configuration: based }),
      /no conda environment 'no-such-base'/,
    );
  });

  it("is the same again in a rerun, whatever is newer by then", async () => {
    const { at, pip } = slowPackage("steady");
    writeFileSync(join(at, "go"), "");
    const files = {
      "main.py": "import steady, sys\nprint(steady.VERSION, sys.argv[1:])\n",
      "pip.txt": `${pip.join("\n")}\n`,
    };
    const configuration = {
      arguments: ["--rate", "0.1"],
      ...environmentOf([`python=${MINOR}`, { pip: ["-r pip.txt"] }]),
    };
    const first = await submit(service, { files, configuration });
    await reached(service, first, "Completed");
    execFileSync(python3(), [SOURCE_PACKAGE, at, "steady", "1.1"]);
    // As after a cleaning, or on another machine.
    for (const id of environments()) rmSync(join(service.data, "environments", id), { recursive: true });
    const newer = await submit(service, { files, configuration });
    await reached(service, newer, "Completed");
    assert.equal(await text(newer, "user_logs/std_log.txt"), "1.1 ['--rate', '0.1']\n");
    const { status, stdout, stderr } = malachite("rerun", first);
    assert.equal(status, 0, stderr);
    const again = stdout.trim();
    await reached(service, again, "Completed");
    assert.equal(await text(again, "user_logs/std_log.txt"), "1.0 ['--rate', '0.1']\n");
    assert.equal(await text(again, LOCK), await text(first, LOCK));
    const run = (await getRun(service, again)) as Warned;
    assert.equal(run.properties["malachite.rerunOf"], first);
  });
});

describe("an environment with conda packages", () => {
  const folder = mkdtempSync(join(tmpdir(), "malachite-e2e-conda-"));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("comes from the channels that the settings name, and may be the base of another", {
    skip: existsSync(CONDA) ? false : "the script for a conda channel is not beside the repository",
    timeout: 240_000,
  }, async (t) => {
    const started = spawnSync(CONDA, ["start", folder], { encoding: "utf8", timeout: 200_000 });
    const channel = /CONDA_CHANNEL=(\S+)/.exec(started.stdout)?.[1];
    if (started.status !== 0 || channel === undefined)
      return t.skip(`no conda channel: ${started.stderr.slice(-300)}`);
    const packed = /python-(3\.\d+\.\d+)-0/.exec(
      Object.keys(
        (
          JSON.parse(readFileSync(join(folder, "channel/linux-64/repodata.json"), "utf8")) as {
            packages: object;
          }
        ).packages,
      ).join(" "),
    )?.[1];
    if (packed === undefined) return t.skip("no python to pack into a conda channel is on this machine");
    await using service = await Service.start({ flags: ["--conda-channels", `*=${channel}`] });
    const tell = "import six, sys\nprint(sys.version.split()[0], six.__version__, sys.prefix)\n";
    const run = async (python: Record<string, unknown>) => {
      const environment = { python: { userManagedDependencies: false, ...python } };
      const runId = await submit(service, { files: { "main.py": tell }, configuration: { environment } });
      const { status, error } = await ended(service, runId);
      return { runId, status, message: error?.error?.message ?? "" };
    };
    const told = async (runId: string) =>
      String(await fileOf(service, runId))
        .trim()
        .split(" ");
    const dependencies = [`conda-forge::python=${packed}=0`, { pip: ["six==1.15.0"] }];
    const made = await run({ condaDependencies: { channels: ["conda-forge"], dependencies } });
    assert.equal(made.status, "Completed", made.message);
    const [version, six, prefix = ""] = await told(made.runId);
    assert.equal(lstatSync(realpathSync(join(prefix, "bin/python"))).nlink, 1);
    assert.deepEqual([version, six], [packed, "1.15.0"]);
    const lock = String(await fileOf(service, made.runId, LOCK));
    assert.match(
      lock,
      /@EXPLICIT\nfile:\/\/\S+\/python-3\.\d+\.\d+-0\.tar\.bz2#sha256:[0-9a-f]{64}\n# pip\nsix==1\.15\.0 --hash/,
    );

    const impossible = await run({
      condaDependencies: { channels: ["conda-forge"], dependencies: ["numpy=1.24"] },
    });
    assert.equal(impossible.status, "Failed");
    assert.match(
      impossible.message,
      /Solving the conda packages numpy=1\.24 with py-rattler from conda-forge \(file:/,
    );
    assert.match(impossible.message, /No candidates were found for numpy/);

    // Built anew from the lock, and found to be the same.
    rmSync(join(service.data, "environments", prefix.split("/").at(-2) ?? ""), { recursive: true });
    const again = spawnSync(
      process.execPath,
      [...SOURCE, MALACHITE, "rerun", made.runId, "--endpoint", service.url],
      {
        encoding: "utf8",
      },
    ).stdout.trim();
    assert.equal((await ended(service, again)).status, "Completed");
    assert.deepEqual((await told(again)).slice(0, 2), [packed, "1.15.0"]);
    const base = (await told(again))[2] ?? "";

    const onTop = await run({
      baseCondaEnvironment: base,
      condaDependencies: { dependencies: [`python=${packed}`, { pip: ["idna==3.10"] }] },
    });
    assert.equal(onTop.status, "Completed", onTop.message);
    const [sameVersion, ofBase, own] = await told(onTop.runId);
    assert.deepEqual([sameVersion, ofBase], [packed, "1.15.0"]);
    assert.notEqual(own, base);
    assert.match(String(await fileOf(service, onTop.runId, LOCK)), /# pip\nidna==3\.10 --hash/);
  });
});
