// What a definition says of containers, done by a real engine. docs/run-definition.md names these tests.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import {
  type EngineName,
  type EngineUnderTest,
  startContainerEngine,
  withoutEngine,
} from "@malachite/server/conformance";
import { cancel, ended, experiment, fileOf, getRun, reached, story, submit } from "../support/runs.ts";
import { Service, until, workspacePath } from "../support/service.ts";
import { startPrivateRegistry } from "./privateRegistry.ts";

/** Logs a metric and a child file through the service, with nothing but the standard library. */
const REPORT = `
import json, os, sys, urllib.request
endpoint, token = os.environ["AZUREML_SERVICE_ENDPOINT"], os.environ["AZUREML_RUN_TOKEN"]
body = {"run_id": os.environ["MLFLOW_RUN_ID"], "key": "loss", "value": 0.25, "timestamp": 1, "step": 1}
ask = urllib.request.Request(os.environ["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/runs/log-metric", json.dumps(body).encode(),
    {"authorization": "Bearer " + token, "content-type": "application/json"}, method="POST")
print("metric", urllib.request.urlopen(ask).status)
seen = {"python": sys.executable, "cwd": os.getcwd(), "argv": sys.argv[1:], "uid": os.getuid(), "env": dict(os.environ),
    "ca": os.path.getsize(os.environ["REQUESTS_CA_BUNDLE"]), "root": sorted(os.listdir("/"))}
json.dump(seen, open("outputs/seen.json", "w"))
`;

const BUILD_LOG = "azureml-logs/20_image_build_log.txt";

type Seen = {
  python: string;
  cwd: string;
  argv: string[];
  uid: number;
  env: Record<string, string>;
  ca: number;
  root: string[];
};

/** Registers the tests for one engine. */
export function containerRuns(name: EngineName): void {
  describe(`runs in containers, with ${name}`, { skip: withoutEngine(name) ?? false }, () => {
    let engine: EngineUnderTest;
    let service: Service;
    before(async () => {
      engine = await startContainerEngine(name);
      const flags = ["--container-socket", engine.socket, "--target", "box=container"];
      service = await Service.start({
        flags: [...flags, "--container-image", engine.image, "--runs-at-once", "4"],
        env: { HTTPS_PROXY: "" },
      });
    });
    after(async () => {
      for (const run of await unfinished()) await cancel(service, run);
      await service?.[Symbol.asyncDispose]();
      await engine?.[Symbol.asyncDispose]();
    });

    async function unfinished(): Promise<string[]> {
      const { value } = await service.json<{ value: { runId: string; status: string }[] }>(
        "GET",
        `/history/v1.0${experiment()}/runs`,
      );
      return value.filter(({ status }) => ["Running", "Queued"].includes(status)).map(({ runId }) => runId);
    }

    const inImage = (docker: object = {}, more: object = {}) => ({
      environment: {
        python: { userManagedDependencies: true, interpreterPath: "python" },
        docker: { enabled: true, baseImage: engine.image, ...docker },
      },
      ...more,
    });
    const seenBy = async (runId: string): Promise<Seen> =>
      JSON.parse(String(await fileOf(service, runId, "outputs/seen.json"))) as Seen;
    const folderOf = (): string[] =>
      readdirSync(join(service.data, "containers")).filter((n) => /^[a-z]/.test(n));

    it("run on `local` as soon as the definition enables docker, and reach the service", async () => {
      const runId = await submit(service, {
        files: { "main.py": REPORT },
        configuration: inImage({}, { arguments: ["--rate", "0.1", "a b"] }),
      });
      const run = await ended(service, runId);
      assert.equal(run.status, "Completed", `${await fileOf(service, runId)} ${JSON.stringify(run.error)}`);
      const seen = await seenBy(runId);
      assert.equal(seen.cwd, "/malachite/run/project");
      assert.equal(seen.python, "/usr/bin/python3");
      assert.deepEqual(seen.argv, ["--rate", "0.1", "a b"]);
      assert.ok(seen.ca > 1000 && seen.root.includes("malachite"));
      assert.equal(seen.env.AZUREML_RUN_ID, runId);
      assert.equal(String(await fileOf(service, runId)), "metric 200\n");
      const metrics = await service
        .json<{ value: { name: string; cells: object[] }[] }>(
          "POST",
          `/history/v1.0${workspacePath}/metrics:query`,
          { filter: `RunId eq '${runId}'` },
        )
        .catch(() => undefined);
      if (metrics) assert.equal(metrics.value[0]?.name, "loss");
      await until("the container's folder to be freed", () => folderOf().length === 0);
    });

    it("put every run of a target of kind container into one, with the image of the settings", async () => {
      const runId = await submit(service, {
        files: { "main.py": REPORT },
        configuration: {
          target: "box",
          environment: { python: { userManagedDependencies: true, interpreterPath: "/usr/bin/python3" } },
          docker: { useDocker: false, shmSize: "64m", arguments: ["--env", "FLAG=1", "--hostname=node-0"] },
        },
      });
      await reached(service, runId, "Completed");
      const { env } = await seenBy(runId);
      assert.deepEqual([env.FLAG, env.HOSTNAME], ["1", "node-0"]);
    });

    it("run a command too, with the folders a script counts on", async () => {
      const runId = await submit(service, {
        files: { "note.txt": "x" },
        configuration: inImage({}, { script: undefined, command: "df -k /dev/shm && id -u && ls && pwd" }),
      });
      await reached(service, runId, "Completed");
      assert.match(
        String(await fileOf(service, runId)),
        new RegExp(`\\n${process.getuid?.()}\\nlogs\\nnote.txt\\noutputs\\n/malachite/run/project\\n$`),
      );
    });

    it("leave files that are the service's user's", async () => {
      const script =
        "import time; open('outputs/a','w').write('1'); print('up', flush=True); time.sleep(600)";
      const runId = await submit(service, { files: { "main.py": script }, configuration: inImage() });
      await until("the log", async () => String(await fileOf(service, runId).catch(() => "")).includes("up"));
      const [folder = ""] = folderOf();
      const { uid } = statSync(join(service.data, "containers", folder, "project/outputs/a"));
      assert.equal(uid, process.getuid?.());
      await cancel(service, runId);
      const run = await ended(service, runId);
      assert.equal(run.status, "Canceled");
      await until("the container's folder to be freed", () => folderOf().length === 0);
    });

    it("make an image of a Dockerfile once, with the build in the log of the run", async () => {
      const text = `FROM ${engine.image}\nRUN echo built here > /etc/made && echo the build speaks\nENV MADE=yes\n`;
      const configuration = inImage(
        { baseImage: undefined, baseDockerfile: text },
        {
          script: undefined,
          command: "cat /etc/made; echo $MADE",
        },
      );
      const runs = await Promise.all(
        [1, 2].map(() => submit(service, { files: { "x.txt": "" }, configuration })),
      );
      for (const runId of runs) {
        await reached(service, runId, "Completed");
        assert.equal(String(await fileOf(service, runId)), "built here\nyes\n");
        assert.match(String(await fileOf(service, runId, BUILD_LOG)), /the build speaks/);
      }
      const late = await submit(service, { files: { "x.txt": "" }, configuration });
      await reached(service, late, "Completed");
      await assert.rejects(fileOf(service, late, BUILD_LOG), /404/);
    });

    it("fail with the build's own last words", async () => {
      const text = `FROM ${engine.image}\nRUN echo so far so good; echo this went wrong >&2; exit 7\n`;
      const runId = await submit(service, {
        files: { "x.py": "" },
        configuration: inImage({ baseImage: undefined, baseDockerfile: text }, { script: "x.py" }),
      });
      const run = await ended(service, runId);
      assert.equal(run.status, "Failed");
      assert.match(JSON.stringify(run.error), /this went wrong/);
      assert.match(JSON.stringify(run.error), /EnvironmentFailed/);
    });

    it("fail with the engine's words when an image cannot be pulled", async () => {
      const image = "127.0.0.1:9/team/nothing:1";
      const runId = await submit(service, {
        files: { "x.py": "" },
        configuration: inImage({ baseImage: image }, { script: "x.py" }),
      });
      const run = await ended(service, runId);
      assert.equal(run.status, "Failed");
      assert.match(JSON.stringify(run.error), /127\.0\.0\.1:9.*(refused|dial|connect)/);
      assert.match(
        String(await fileOf(service, runId, BUILD_LOG)),
        /Pulling the image 127\.0\.0\.1:9\/team\/nothing:1/,
      );
    });

    it("name a python that the image lacks", async () => {
      const runId = await submit(service, {
        files: { "main.py": "" },
        configuration: inImage(
          {},
          {
            environment: {
              python: { userManagedDependencies: true, interpreterPath: "python9" },
              docker: { enabled: true, baseImage: engine.image },
            },
          },
        ),
      });
      const run = await ended(service, runId);
      assert.match(JSON.stringify(run.error), /has no python 'python9'/);
    });

    it("are found again by a service that was killed", async () => {
      const script =
        "import os, time\nprint('up', flush=True)\nwhile not os.path.exists('go'): time.sleep(0.1)\nprint('done')";
      const runId = await submit(service, { files: { "main.py": script }, configuration: inImage() });
      await until("the log", async () => String(await fileOf(service, runId).catch(() => "")).includes("up"));
      await service.kill("SIGKILL");
      const [folder = ""] = folderOf();
      await service.start();
      assert.equal((await getRun(service, runId)).status, "Running");
      writeFileSync(join(service.data, "containers", folder, "project/go"), "");
      await reached(service, runId, "Completed");
      assert.equal(String(await fileOf(service, runId)), "up\ndone\n");
      const starts = (await story(service, runId)).filter(({ event }) => event === "started");
      assert.equal(starts.length, 1);
    });

    it("tell that memory was what ended one", async () => {
      const runId = await submit(service, {
        files: { "main.py": "x = bytearray(300 << 20); print('got it')" },
        configuration: inImage({}, { docker: { useDocker: true, arguments: ["--memory", "64m"] } }),
      });
      const run = await ended(service, runId);
      assert.equal(run.status, "Failed");
      assert.match(JSON.stringify(run), /OutOfMemory/);
    });

    it("are refused before they are queued when a flag would change the machine", async () => {
      for (const [flags, named] of [
        [["-v", "/etc:/host"], /--volume would show \/etc/],
        [["--privileged"], /--privileged/],
        [["--user=1"], /--user is not taken/],
      ] as const) {
        await assert.rejects(
          submit(service, {
            files: { "main.py": "" },
            configuration: inImage({}, { docker: { useDocker: true, arguments: flags } }),
          }),
          named,
        );
      }
    });

    it("send the credentials of a registry to it, and show the password to nobody", async (t) => {
      if (name === "podman")
        return t.skip("Podman asks a registry without TLS only where its own settings say so");
      const secret = "hunter2-s3cret";
      await using registry = await startPrivateRegistry();
      const environment = inImage({
        baseImage: "team/nothing:1",
        baseImageRegistry: { address: registry.address, username: "me", password: secret },
      });
      const direct = await submit(service, { files: { "main.py": "" }, configuration: environment });
      // The same of an environment that is registered, and only named.
      const place = `/environment/v1.0${workspacePath}/environments/private`;
      const old = inImage({
        baseImage: "team/nothing:1",
        baseImageRegistry: { address: registry.address, username: "me", password: "of-last-year" },
      });
      await service.json("PUT", place, old.environment);
      // The same content with a new password is the same version, which has the new one from then on.
      const registered = await service.json("PUT", place, environment.environment);
      assert.equal(registered.version, "1");
      const named = await submit(service, {
        files: { "main.py": "" },
        configuration: { environment: { name: "private" } },
      });
      const whole: unknown[] = [registered, await service.json("GET", place)];
      for (const runId of [direct, named]) {
        const run = await ended(service, runId);
        assert.match(JSON.stringify(run.error), /manifest unknown|not found/i, JSON.stringify(run.error));
        const details = await service.json("GET", `/history/v1.0${experiment()}/runs/${runId}/details`);
        assert.ok(JSON.stringify(details).includes('"me"'));
        const log = String(await fileOf(service, runId, BUILD_LOG));
        whole.push(details, run, await story(service, runId), log);
      }
      assert.ok(registry.asked.length >= 2);
      assert.deepEqual([...new Set(registry.asked)], [`me:${secret}`]);
      assert.ok(!JSON.stringify([...whole, service.output]).includes(secret));
      const kept = readdirSync(service.data).filter((file) => file.startsWith("records"));
      for (const file of kept)
        assert.ok(!readFileSync(join(service.data, file)).includes(secret), `the password is in ${file}`);
    });

    it("have what condaDependencies ask for on top of the image, made once and locked", async () => {
      const dependencies = ["python=3.11", "pip", { pip: ["six==1.16.0"] }];
      const script = "import six, sys; print(six.__version__, sys.prefix, sys.version_info[:2])";
      const configuration = {
        environment: {
          python: { condaDependencies: { dependencies } },
          docker: { enabled: true, baseImage: engine.image },
        },
      };
      const runs = await Promise.all(
        [1, 2].map(() => submit(service, { files: { "main.py": script }, configuration })),
      );
      for (const runId of runs) {
        await reached(service, runId, "Completed");
        assert.equal(String(await fileOf(service, runId)), "1.16.0 /opt/malachite/env (3, 11)\n");
        assert.match(String(await fileOf(service, runId, BUILD_LOG)), /Successfully installed.*six-1\.16\.0/);
        const lock = String(await fileOf(service, runId, "azureml-logs/environment-lock.txt"));
        assert.match(lock, /^# python: 3\.11\.\d+$/m);
        assert.match(lock, /^six==1\.16\.0 --hash=sha256:[0-9a-f]{64}$/m);
      }
      const late = await submit(service, { files: { "main.py": script }, configuration });
      await reached(service, late, "Completed");
      await assert.rejects(fileOf(service, late, BUILD_LOG), /404/);
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
        `FROM ${engine.image}`,
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
        [1, 2].map(() => submit(service, { files: { "main.py": "" }, configuration })),
      );
      const jar = "/opt/malachite/spark/jars/g_a-1.jar";
      for (const runId of runs) {
        const run = await ended(service, runId);
        const log = String(await fileOf(service, runId, BUILD_LOG));
        assert.equal(run.status, "Completed", `${JSON.stringify(run.error)}\n${log}`);
        assert.match(log, /spark-submit was asked: --master local --repositories \S+ --packages g:a:1/);
        assert.ok(!log.includes("secret-word"));
        const said = String(await fileOf(service, runId));
        assert.ok(said.includes(`--jars ${jar} --py-files ${jar}`), said);
        assert.ok(!said.includes("--packages"));
      }
      const late = await submit(service, { files: { "main.py": "" }, configuration });
      await reached(service, late, "Completed");
      await assert.rejects(fileOf(service, late, BUILD_LOG), /404/);
    });

    it("use the conda of the image where conda packages are asked for, and name what is lacking where there is none", async () => {
      const python = {
        condaDependencies: { channels: ["c"], dependencies: ["python=3.6", "blas", { pip: ["six"] }] },
      };
      const bare = await submit(service, {
        files: { "main.py": "" },
        configuration: { environment: { python, docker: { enabled: true, baseImage: engine.image } } },
      });
      assert.match(
        JSON.stringify((await ended(service, bare)).error),
        /conda packages \(blas\).*has no conda/,
      );
      // No real conda is at hand: one that tells what it was asked, and makes the prefix as conda would.
      const conda = [
        "#!/bin/sh",
        'echo "conda was asked: $*"',
        'if [ "$1" = list ]; then echo https://c.example/linux-64/blas-1.conda#0123; exit; fi',
        "while [ $# -gt 0 ]; do if [ $1 = -p ]; then python3 -m venv $2; exit; fi; shift; done",
      ];
      const lines = conda.map((line) => `RUN echo '${line}' >>/usr/bin/conda`);
      const text = [`FROM ${engine.image}`, ...lines, "RUN chmod 755 /usr/bin/conda"].join("\n");
      const runId = await submit(service, {
        files: { "main.py": "import six, os; print(os.environ['CONDA_PREFIX'])" },
        configuration: { environment: { python, docker: { enabled: true, baseDockerfile: text } } },
      });
      const run = await ended(service, runId);
      const log = String(await fileOf(service, runId, BUILD_LOG));
      assert.equal(run.status, "Completed", `${JSON.stringify(run.error)}\n${log}`);
      assert.match(
        log,
        /conda was asked: create -y -q -p \S+ --override-channels -c \S+\/c python=3\.6 blas pip/,
      );
      const lock = String(await fileOf(service, runId, "azureml-logs/environment-lock.txt"));
      assert.match(lock, /^@EXPLICIT\nhttps:\/\/c\.example\/linux-64\/blas-1\.conda#0123\n# pip\nsix==/m);
    });
  });
}
