// What a definition says of containers, done by a real engine. docs/run-definition.md names these tests.
import assert from "node:assert/strict";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import {
  type EngineName,
  type EngineUnderTest,
  startContainerEngine,
  withoutEngine,
} from "@malachite/server/conformance";
import { cancel, ended, experiment, fileOf, getRun, reached, story, submit, zipOf } from "../support/runs.ts";
import { Service, until, workspacePath } from "../support/service.ts";

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
        assert.match(
          String(await fileOf(service, runId, "azureml-logs/20_image_build_log.txt")),
          /the build speaks/,
        );
      }
      const late = await submit(service, { files: { "x.txt": "" }, configuration });
      await reached(service, late, "Completed");
      await assert.rejects(fileOf(service, late, "azureml-logs/20_image_build_log.txt"), /404/);
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
        String(await fileOf(service, runId, "azureml-logs/20_image_build_log.txt")),
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
      const { writeFileSync } = await import("node:fs");
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

    it("never show the password of a registry", async () => {
      const secret = "hunter2-s3cret";
      const definition = {
        configuration: {
          script: "main.py",
          ...inImage({
            baseImage: "team/nothing:1",
            baseImageRegistry: { address: "127.0.0.1:9", username: "me", password: secret },
          }),
        },
      };
      const form = new FormData();
      form.set("runDefinitionFile", new Blob([JSON.stringify(definition)]), "definition.json");
      form.set("projectZipFile", new Blob([zipOf({ "main.py": "" })]), "project.zip");
      const answer = await fetch(`${service.url}/execution/v1.0${experiment()}/startrun`, {
        method: "POST",
        body: form,
        headers: { authorization: "Bearer dev" },
      });
      const { runId } = (await answer.json()) as { runId: string };
      await ended(service, runId);
      const details = await service.json("GET", `/history/v1.0${experiment()}/runs/${runId}/details`);
      assert.ok(JSON.stringify(details).includes("me"));
      const log = String(await fileOf(service, runId, "azureml-logs/20_image_build_log.txt"));
      const whole = [details, await getRun(service, runId), await story(service, runId), log, service.output];
      assert.ok(!JSON.stringify(whole).includes(secret));
    });
  });
}
