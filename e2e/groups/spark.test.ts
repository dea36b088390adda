// PySpark, with the real spark-submit: on this machine, on a standalone cluster, with a package from Maven, and without Java.
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { freePort } from "@malachite/server/conformance";
import { example } from "../support/examples.ts";
import {
  cancel,
  ended,
  fileOf,
  processesOf,
  python3,
  reached,
  says,
  submit,
  zipOf,
} from "../support/runs.ts";
import { Service, until } from "../support/service.ts";
import { orSkip } from "../support/tools.ts";
import { pythonWithSpark } from "../support/venvs.ts";

const BUILD_LOG = "azureml-logs/20_image_build_log.txt";

/** The address of a repository, a folder, with one package. */
function mavenRepository(
  group: string,
  artifact: string,
  version: string,
  files: Readonly<Record<string, string>>,
): string {
  const root = mkdtempSync(join(tmpdir(), "malachite-maven-"));
  const folder = join(root, group.replaceAll(".", "/"), artifact, version);
  mkdirSync(folder, { recursive: true });
  const pom = `<project><modelVersion>4.0.0</modelVersion><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></project>`;
  writeFileSync(join(folder, `${artifact}-${version}.pom`), pom);
  writeFileSync(join(folder, `${artifact}-${version}.jar`), zipOf(files));
  return pathToFileURL(root).href;
}

describe("a run of PySpark", () => {
  let service: Service;
  let master = "";
  before(async () => {
    master = `spark://127.0.0.1:${await freePort()}`;
    const settings = join(mkdtempSync(join(tmpdir(), "malachite-settings-")), "settings.yaml");
    writeFileSync(settings, `target:\n  cluster: { kind: process, sparkMaster: "${master}" }\n`);
    service = await Service.start({ flags: ["--grace-seconds", "2", "--settings", settings] });
  });
  after(() => service?.[Symbol.asyncDispose]());

  const environment = (python: string, more: object = {}) => ({
    python: { userManagedDependencies: true, interpreterPath: python },
    ...more,
  });
  async function counted(python: string, more: Record<string, unknown> = {}) {
    const { files, configuration } = example("spark", "spark");
    const runId = await submit(service, {
      files,
      configuration: { ...configuration, environment: environment(python), ...more },
    });
    await reached(service, runId, "Completed", 180_000);
    return JSON.parse(String(await fileOf(service, runId, "outputs/counts.json")));
  }

  it("counts words with a DataFrame, by its configuration", async (t) => {
    const python = orSkip(t, pythonWithSpark);
    if (!python) return;
    assert.deepEqual(await counted(python), {
      counts: { the: 3, dog: 1, end: 1, fox: 1, lazy: 1, quick: 1 },
      master: "local[*]",
      app: "word count",
      partitions: "2",
    });
  });

  it("runs on the standalone cluster that its target names", async (t) => {
    const python = orSkip(t, pythonWithSpark);
    if (!python) return;
    const home = execFileSync(python, ["-c", "import pyspark; print(pyspark.__path__[0], end='')"], {
      encoding: "utf8",
    });
    const started: ChildProcess[] = [];
    let said = "";
    const start = (name: string, args: readonly string[]) => {
      const child = spawn(join(home, "bin/spark-class"), [`org.apache.spark.deploy.${name}`, ...args], {
        env: {
          PATH: process.env.PATH,
          SPARK_LOCAL_IP: "127.0.0.1",
          SPARK_WORKER_DIR: mkdtempSync(join(tmpdir(), "malachite-spark-")),
          PYSPARK_PYTHON: python,
        },
        stdio: ["ignore", "ignore", "pipe"],
      });
      child.stderr?.on("data", (chunk) => (said += String(chunk)));
      started.push(child);
    };
    try {
      const port = new URL(master.replace("spark:", "http:")).port;
      start("master.Master", ["--host", "127.0.0.1", "--port", port, "--webui-port", "0"]);
      const has = (words: string) => () => {
        if (started.some(({ exitCode }) => exitCode !== null)) throw new Error(`It has ended: ${said}`);
        return said.includes(words);
      };
      await until("the master", has("I have been elected leader"));
      start("worker.Worker", ["--host", "127.0.0.1", "--webui-port", "0", "-c", "2", "-m", "1g", master]);
      await until("the worker", has("Successfully registered with master"));
      const found = await counted(python, {
        target: "cluster",
        spark: { configuration: { "spark.executor.memory": "512m", "spark.driver.host": "127.0.0.1" } },
      });
      assert.equal(found.master, master);
      assert.equal(found.app, "count.py");
      assert.equal(found.counts.the, 3);
    } finally {
      for (const child of started) child.kill("SIGKILL");
    }
  });

  it("brings packages from Maven, kept for no other run where precachePackages is off", async (t) => {
    const python = orSkip(t, pythonWithSpark);
    if (!python) return;
    const main = `
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
jvm = spark.sparkContext._jvm
open("outputs/csv.txt", "w").write(jvm.org.apache.commons.csv.CSVFormat.RFC4180.toString())
open("outputs/ivy.txt", "w").write(spark.sparkContext.getConf().get("spark.jars.ivy"))
`;
    const runId = await submit(service, {
      files: { "main.py": main },
      configuration: {
        framework: "PySpark",
        environment: environment(python, {
          spark: {
            packages: [{ group: "org.apache.commons", artifact: "commons-csv", version: "1.10.0" }],
            precachePackages: false,
          },
        }),
      },
    });
    await reached(service, runId, "Completed", 180_000);
    assert.match(String(await fileOf(service, runId, "outputs/csv.txt")), /Delimiter=<,>/);
    assert.match(String(await fileOf(service, runId, "outputs/ivy.txt")), /\/runs\/[^/]+\/ivy$/);
  });

  it("has its packages before it starts, fetched once with the environment, and starts without a repository", async (t) => {
    const python = orSkip(t, pythonWithSpark);
    if (!python) return;
    const maven = mavenRepository("org.example", "made-here", "1.0", {
      "made/here.txt": "of the jar",
      "made_here.py": "VALUE = 'module of the jar'\n",
    });
    const main = `
import made_here
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
loader = spark.sparkContext._jvm.Thread.currentThread().getContextClassLoader()
open("outputs/found.txt", "w").write(str(loader.getResource("made/here.txt")) + "\\n" + made_here.VALUE)
`;
    const configuration = {
      framework: "PySpark",
      environment: environment(python, {
        spark: {
          repositories: [maven],
          packages: [{ group: "org.example", artifact: "made-here", version: "1.0" }],
          precachePackages: true,
        },
      }),
    };
    const runs = await Promise.all(
      [1, 2].map(() => submit(service, { files: { "main.py": main }, configuration })),
    );
    for (const runId of runs) {
      await reached(service, runId, "Completed", 240_000);
      const found = String(await fileOf(service, runId, "outputs/found.txt"));
      assert.match(
        found,
        /environments\/[0-9a-f]{32}\/jars\/org\.example_made-here-1\.0\.jar!\/made\/here\.txt\n/,
      );
      assert.match(found, /module of the jar$/);
      const log = String(await fileOf(service, runId, BUILD_LOG));
      assert.match(log, /found org\.example#made-here;1\.0.*The packages for Spark are there: 1 files/s);
      assert.doesNotMatch(
        String(await fileOf(service, runId)),
        /:: (loading settings|resolving dependencies) ::/,
      );
    }
    rmSync(fileURLToPath(maven), { recursive: true });
    const late = await submit(service, { files: { "main.py": main }, configuration });
    await reached(service, late, "Completed", 180_000);
    await assert.rejects(fileOf(service, late, BUILD_LOG), /404/);
    const other = structuredClone(configuration);
    Object.assign(other.environment, {
      spark: { repositories: [maven], packages: [{ group: "org.example", artifact: "none", version: "7" }] },
    });
    const failed = await ended(
      service,
      await submit(service, { files: { "main.py": main }, configuration: other }),
      240_000,
    );
    assert.equal(failed.status, "Failed");
    assert.match(
      failed.error?.error?.message ?? "",
      /Fetching the packages for Spark failed:.*unresolved dependency: org\.example#none;7: not found/s,
    );
  });

  it("fails as its script does, and is cancelled with all that it started", async (t) => {
    const python = orSkip(t, pythonWithSpark);
    if (!python) return;
    const configuration = { framework: "PySpark", environment: environment(python) };
    const failing = await submit(service, {
      files: { "main.py": "import sys\nprint('x')\nraise ValueError('bad column')" },
      configuration,
    });
    const failed = await ended(service, failing);
    assert.equal(failed.status, "Failed");
    assert.match(failed.error?.error?.message ?? "", /ValueError: bad column/);
    const runId = await submit(service, {
      files: { "main.py": "print('ready', flush=True)\nimport time\ntime.sleep(600)" },
      configuration,
    });
    await says(service, runId, "ready");
    await cancel(service, runId);
    assert.equal((await ended(service, runId)).status, "Canceled");
    assert.deepEqual(processesOf(runId), []);
  });

  it("says what is missing: spark-submit when it starts, Java before it is queued", async (t) => {
    const bin = mkdtempSync(join(tmpdir(), "malachite-bin-"));
    symlinkSync(python3(), join(bin, "python3"));
    const poor = await Service.start({ env: { PATH: `${bin}:/nowhere` } });
    try {
      const start = (python: string, environmentVariables = {}) =>
        submit(poor, {
          files: { "main.py": "" },
          configuration: { framework: "PySpark", environment: environment(python), environmentVariables },
        });
      const refused = await start(python3()).catch((error: Error) => error.message);
      assert.match(refused, /400.*There is no java, not on the PATH.*Spark needs it/s);
      const why = async (...asked: Parameters<typeof start>) => {
        const run = await ended(poor, await start(...asked));
        assert.equal(run.status, "Failed");
        return run.error?.error?.message ?? "";
      };
      const home = { JAVA_HOME: "/nowhere" };
      assert.match(
        await why(python3(), home),
        /^The run could not be started: There is no spark-submit: .* has no pyspark/,
      );
      const python = orSkip(t, pythonWithSpark);
      if (!python) return;
      assert.match(
        await why(python, home),
        /^The run could not be started: Spark needs Java, and JAVA_HOME is \/nowhere/,
      );
    } finally {
      await poor[Symbol.asyncDispose]();
    }
  });
});
