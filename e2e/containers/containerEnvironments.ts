// Environments of runs in containers: images that are pulled or built, and what is installed on top of them. docs/run-definition.md
// names these tests.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { example } from "../support/examples.ts";
import { ended, experiment, fileOf, reached, story, submit } from "../support/runs.ts";
import { workspacePath } from "../support/service.ts";
import { BUILD_LOG, type ContainerBench } from "./bench.ts";
import { startPrivateRegistry } from "./privateRegistry.ts";

export function containerEnvironments(bench: ContainerBench): void {
  /** Of runs that asked for the same at the same time: one that came when it was there already has heard nothing. */
  async function buildLogs(runs: readonly string[]): Promise<string[]> {
    const read = runs.map((runId) => fileOf(bench.service, runId, BUILD_LOG).then(String, () => undefined));
    const heard = (await Promise.all(read)).filter((log) => log !== undefined);
    assert.ok(heard.length > 0, "no run heard the build");
    return heard;
  }

  it("make an image of a Dockerfile once, with the build in the log of the run", async () => {
    const text = `FROM ${bench.engine.image}\nRUN echo built here > /etc/made && echo the build speaks\nENV MADE=yes\n`;
    const configuration = bench.inImage(
      { baseImage: undefined, baseDockerfile: text },
      {
        script: undefined,
        command: "cat /etc/made; echo $MADE",
      },
    );
    const runs = await Promise.all(
      [1, 2].map(() => submit(bench.service, { files: { "x.txt": "" }, configuration })),
    );
    for (const runId of runs) {
      await reached(bench.service, runId, "Completed");
      assert.equal(String(await fileOf(bench.service, runId)), "built here\nyes\n");
    }
    for (const log of await buildLogs(runs)) assert.match(log, /the build speaks/);
    const late = await submit(bench.service, { files: { "x.txt": "" }, configuration });
    await reached(bench.service, late, "Completed");
    await assert.rejects(fileOf(bench.service, late, BUILD_LOG), /404/);
  });

  it("fail with the build's own last words", async () => {
    const text = `FROM ${bench.engine.image}\nRUN echo so far so good; echo this went wrong >&2; exit 7\n`;
    const runId = await submit(bench.service, {
      files: { "x.py": "" },
      configuration: bench.inImage({ baseImage: undefined, baseDockerfile: text }, { script: "x.py" }),
    });
    const run = await ended(bench.service, runId);
    assert.equal(run.status, "Failed");
    assert.match(JSON.stringify(run.error), /this went wrong/);
    assert.match(JSON.stringify(run.error), /EnvironmentFailed/);
  });

  it("fail with the engine's words when an image cannot be pulled", async () => {
    const image = "127.0.0.1:9/team/nothing:1";
    const runId = await submit(bench.service, {
      files: { "x.py": "" },
      configuration: bench.inImage({ baseImage: image }, { script: "x.py" }),
    });
    const run = await ended(bench.service, runId);
    assert.equal(run.status, "Failed");
    assert.match(JSON.stringify(run.error), /127\.0\.0\.1:9.*(refused|dial|connect)/);
    assert.match(
      String(await fileOf(bench.service, runId, BUILD_LOG)),
      /Pulling the image 127\.0\.0\.1:9\/team\/nothing:1/,
    );
  });

  it("name a python that the image lacks", async () => {
    const runId = await submit(bench.service, {
      files: { "main.py": "" },
      configuration: bench.inImage(
        {},
        {
          environment: {
            python: { userManagedDependencies: true, interpreterPath: "python9" },
            docker: { enabled: true, baseImage: bench.engine.image },
          },
        },
      ),
    });
    const run = await ended(bench.service, runId);
    assert.match(JSON.stringify(run.error), /has no python 'python9'/);
  });

  it("send the credentials of a registry to it, and show the password to nobody", async (t) => {
    if (bench.name === "podman")
      return t.skip("Podman asks a registry without TLS only where its own settings say so");
    const secret = "hunter2-s3cret";
    await using registry = await startPrivateRegistry();
    const environment = bench.inImage({
      baseImage: "team/nothing:1",
      baseImageRegistry: { address: registry.address, username: "me", password: secret },
    });
    const direct = await submit(bench.service, { files: { "main.py": "" }, configuration: environment });
    // The same of an environment that is registered, and only named.
    const place = `/environment/v1.0${workspacePath}/environments/private`;
    const old = bench.inImage({
      baseImage: "team/nothing:1",
      baseImageRegistry: { address: registry.address, username: "me", password: "of-last-year" },
    });
    await bench.service.json("PUT", place, old.environment);
    // The same content with a new password is the same version, which has the new one from then on.
    const registered = await bench.service.json("PUT", place, environment.environment);
    assert.equal(registered.version, "1");
    const named = await submit(bench.service, {
      files: { "main.py": "" },
      configuration: { environment: { name: "private" } },
    });
    const whole: unknown[] = [registered, await bench.service.json("GET", place)];
    for (const runId of [direct, named]) {
      const run = await ended(bench.service, runId);
      assert.match(JSON.stringify(run.error), /manifest unknown|not found/i, JSON.stringify(run.error));
      const details = await bench.service.json("GET", `/history/v1.0${experiment()}/runs/${runId}/details`);
      assert.ok(JSON.stringify(details).includes('"me"'));
      const log = String(await fileOf(bench.service, runId, BUILD_LOG));
      whole.push(details, run, await story(bench.service, runId), log);
    }
    assert.ok(registry.asked.length >= 2);
    assert.deepEqual([...new Set(registry.asked)], [`me:${secret}`]);
    assert.ok(!JSON.stringify([...whole, bench.service.output]).includes(secret));
    const kept = readdirSync(bench.service.data).filter((file) => file.startsWith("records"));
    for (const file of kept)
      assert.ok(!readFileSync(join(bench.service.data, file)).includes(secret), `the password is in ${file}`);
  });

  it("have what condaDependencies ask for on top of the image, made once and locked", async () => {
    const dependencies = ["python=3.11", "pip", { pip: ["six==1.16.0"] }];
    const script = "import six, sys; print(six.__version__, sys.prefix, sys.version_info[:2])";
    const configuration = {
      environment: {
        python: { condaDependencies: { dependencies } },
        docker: { enabled: true, baseImage: bench.engine.image },
      },
    };
    const runs = await Promise.all(
      [1, 2].map(() => submit(bench.service, { files: { "main.py": script }, configuration })),
    );
    for (const runId of runs) {
      await reached(bench.service, runId, "Completed");
      assert.equal(String(await fileOf(bench.service, runId)), "1.16.0 /opt/malachite/env (3, 11)\n");
      const lock = String(await fileOf(bench.service, runId, "azureml-logs/environment-lock.txt"));
      assert.match(lock, /^# python: 3\.11\.\d+$/m);
      assert.match(lock, /^six==1\.16\.0 --hash=sha256:[0-9a-f]{64}$/m);
    }
    for (const log of await buildLogs(runs)) assert.match(log, /Successfully installed.*six-1\.16\.0/);
    const late = await submit(bench.service, { files: { "main.py": script }, configuration });
    await reached(bench.service, late, "Completed");
    await assert.rejects(fileOf(bench.service, late, BUILD_LOG), /404/);
  });

  it("are made as the example says", async () => {
    const { files, configuration } = example("container", "container");
    const environment = configuration.environment as { docker: { baseDockerfile: string } };
    // Its image is in a public registry; the one that is here does as well.
    const own = environment.docker.baseDockerfile.replace("python:3.12-slim", bench.engine.image);
    assert.notEqual(own, environment.docker.baseDockerfile);
    const runId = await submit(bench.service, {
      files,
      configuration: {
        ...configuration,
        environment: { ...environment, docker: { ...environment.docker, baseDockerfile: own } },
      },
    });
    await reached(bench.service, runId, "Completed");
    const log = String(await fileOf(bench.service, runId));
    assert.match(log, /^hello from the image\n/);
    assert.match(log, /\/opt\/malachite\/env/);
    assert.match(log, /shared memory +128 MiB/);
    const { trees, accuracy } = JSON.parse(
      String(await fileOf(bench.service, runId, "outputs/accuracy.json")),
    );
    assert.equal(trees, 20);
    assert.ok(accuracy > 0.8, log);
  });

  it("use the conda of the image where conda packages are asked for, and name what is lacking where there is none", async () => {
    const python = {
      condaDependencies: { channels: ["c"], dependencies: ["python=3.6", "blas", { pip: ["six"] }] },
    };
    const bareText = `FROM ${bench.engine.image}\nRUN rm /usr/bin/python3*\n`;
    const bare = await submit(bench.service, {
      files: { "main.py": "" },
      configuration: { environment: { python, docker: { enabled: true, baseDockerfile: bareText } } },
    });
    assert.match(
      JSON.stringify((await ended(bench.service, bare)).error),
      /conda packages \(blas\).*has no conda.*Nor has it a python 3\.10/,
    );
    // No real conda is at hand: one that tells what it was asked, and makes the prefix as conda would.
    const conda = [
      "#!/bin/sh",
      'echo "conda was asked: $*"',
      'if [ "$1" = list ]; then echo https://c.example/linux-64/blas-1.conda#0123; exit; fi',
      "while [ $# -gt 0 ]; do if [ $1 = -p ]; then python3 -m venv $2; exit; fi; shift; done",
    ];
    const lines = conda.map((line) => `RUN echo '${line}' >>/usr/bin/conda`);
    const text = [`FROM ${bench.engine.image}`, ...lines, "RUN chmod 755 /usr/bin/conda"].join("\n");
    const runId = await submit(bench.service, {
      files: { "main.py": "import six, os; print(os.environ['CONDA_PREFIX'])" },
      configuration: { environment: { python, docker: { enabled: true, baseDockerfile: text } } },
    });
    const run = await ended(bench.service, runId);
    const log = String(await fileOf(bench.service, runId, BUILD_LOG));
    assert.equal(run.status, "Completed", `${JSON.stringify(run.error)}\n${log}`);
    assert.match(
      log,
      /conda was asked: create -y -q -p \S+ --override-channels -c \S+\/c python=3\.6 blas pip/,
    );
    const lock = String(await fileOf(bench.service, runId, "azureml-logs/environment-lock.txt"));
    assert.match(lock, /^@EXPLICIT\nhttps:\/\/c\.example\/linux-64\/blas-1\.conda#0123\n# pip\nsix==/m);
  });

  it("have packages for Spark as files of the image, fetched once by the spark-submit in it", async () => {
    // No Spark is in the image: one that notes how it was asked, puts a jar where Ivy would, and starts the script.
    const submitLines = [
      "#!/bin/sh",
      'echo "spark-submit was asked: $*"',
      "for one in $*; do",
      "case $one in spark.jars.ivy=*) ivy=$(echo $one | cut -d= -f2); mkdir -p $ivy/jars; echo jar >$ivy/jars/g_a-1.jar;; esac; done",
    ];
    const lines = submitLines.map((line) => `RUN echo '${line}' >>/opt/spark/bin/spark-submit`);
    const text = [
      `FROM ${bench.engine.image}`,
      "RUN mkdir -p /opt/spark/bin /opt/java/bin && touch /opt/java/bin/java",
      ...lines,
      "RUN chmod 755 /opt/spark/bin/spark-submit /opt/java/bin/java",
    ].join("\n");
    const spark = {
      packages: [{ group: "g", artifact: "a", version: "1" }],
      repositories: ["https://me:secret-word@maven.example/r"],
    };
    const configuration = {
      framework: "PySpark",
      environmentVariables: { SPARK_HOME: "/opt/spark", JAVA_HOME: "/opt/java" },
      environment: {
        python: { userManagedDependencies: true, interpreterPath: "python" },
        docker: { enabled: true, baseDockerfile: text },
        spark,
      },
    };
    const runs = await Promise.all(
      [1, 2].map(() => submit(bench.service, { files: { "main.py": "" }, configuration })),
    );
    const jar = "/opt/malachite/spark/jars/g_a-1.jar";
    for (const runId of runs) {
      await reached(bench.service, runId, "Completed");
      const said = String(await fileOf(bench.service, runId));
      assert.ok(said.includes(`--jars ${jar} --py-files ${jar}`), said);
      assert.ok(!said.includes("--packages"));
    }
    for (const log of await buildLogs(runs)) {
      assert.match(log, /spark-submit was asked: --master local --repositories \S+ --packages g:a:1/);
      assert.ok(!log.includes("secret-word"));
    }
    const late = await submit(bench.service, { files: { "main.py": "" }, configuration });
    await reached(bench.service, late, "Completed");
    await assert.rejects(fileOf(bench.service, late, BUILD_LOG), /404/);
  });
}
