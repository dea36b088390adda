// The steps of a run around its data, with an engine whose behaviour is data: brought before, sent after, freed at the end, whatever
// happens in between.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { type DataCarrier, type FlowPorts, FOLDER_MARK, MalachiteError, type Run } from "@malachite/core";
import type { Script } from "./scriptedDriver.ts";
import { ADA, SCOPE, ScriptedService } from "./scriptedService.ts";

function shelf(
  service: ScriptedService,
  files: Record<string, string> = {},
): (path: string) => string | undefined {
  const root = join(service.folder, "shelf");
  mkdirSync(root, { recursive: true });
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return (path) => (existsSync(join(root, path)) ? readFileSync(join(root, path), "utf8") : undefined);
}

const brought = (service: ScriptedService): readonly string[] => {
  const folder = join(service.folder, "data");
  return existsSync(folder) ? readdirSync(folder) : [];
};

async function logOf(service: ScriptedService, run: Run, path: string): Promise<string> {
  if (!service.ports) throw new Error("The service is not started.");
  const chunks: Uint8Array[] = [];
  for await (const chunk of service.ports.artifacts.read(SCOPE, run.dataContainerId, path))
    chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** Another carrier in the place of the service's: steps ask the ports anew each time. */
function around(service: ScriptedService, change: (carrier: DataCarrier) => Partial<DataCarrier>): void {
  const ports = service.ports as { data: DataCarrier };
  ports.data = { ...ports.data, ...change(ports.data) };
}

const download = { x: { dataStoreName: "shelf", pathOnDataStore: "in", mode: "Download" } };
const upload = {
  y: { dataStoreName: "shelf", pathOnDataStore: "out", mode: "Upload", pathOnCompute: "results" },
};
const LEFT: Script = { files: { "project/results/a.txt": "1", "project/results/deep/b.txt": "2" } };

describe("data around a run", () => {
  it("is brought before the plan, told in a log, and freed with the target", async () => {
    await using service = await ScriptedService.start(() => ({ runForMs: 500 }));
    shelf(service, { "in/a.txt": "one", "in/deep/b.txt": "two" });
    const { id } = await service.submit("a.py", {
      dataReferences: download,
      arguments: ["--in", "$AZUREML_DATAREFERENCE_x"],
    });
    await service.until("the launch", () => service.engine.jobs().size === 1);
    const plan = [...service.engine.jobs().values()][0]?.plan;
    const [mount] = plan?.mounts ?? [];
    assert.deepEqual([mount?.at, mount?.merge], ["shelf/in", "keep"]);
    assert.equal(readFileSync(join(mount?.source ?? "", "deep/b.txt"), "utf8"), "two");
    const path = `${FOLDER_MARK}/project/shelf/in`;
    assert.equal(plan?.environment.AZUREML_DATAREFERENCE_x, path);
    assert.equal(plan?.argv.at(-1), path);
    const run = await service.reached(id, "Completed");
    assert.match(await logOf(service, run, "azureml-logs/65_job_prep.txt"), /x: 2 files, 6 bytes\./);
    const told = await service.flow.story({ scope: SCOPE, runId: id });
    assert.deepEqual(
      told.slice(3, 6).map(({ event, detail }) => [event, detail]),
      [
        ["environmentPrepared", { how: "found" }],
        ["dataBrought", { references: 1, files: 2, bytes: 6 }],
        ["prepared", undefined],
      ],
    );
    await service.until(
      "the engine and the data being freed",
      () => service.engine.jobs().size + brought(service).length === 0,
    );
  });

  it("that is not there is a warning, and storage that is not there the run's failure", async () => {
    await using service = await ScriptedService.start(() => ({}));
    shelf(service);
    const empty = await service.reached(
      (await service.submit("a.py", { dataReferences: download })).id,
      "Completed",
    );
    assert.match(
      empty.about.warnings[0]?.message ?? "",
      /Nothing was downloaded for 'x'.*in of the datastore shelf/,
    );
    around(service, () => ({
      bring: async () => {
        throw new MalachiteError("DataUnreachable", "The disk is not mounted.");
      },
    }));
    const { id } = await service.submit("a.py", { dataReferences: download });
    const failed = await service.reached(id, "Failed");
    assert.deepEqual(
      [failed.life.outcome?.reason, failed.life.outcome?.message],
      ["DataFailed", "The disk is not mounted."],
    );
    assert.match(
      await logOf(service, failed, "azureml-logs/65_job_prep.txt"),
      /x: failed: The disk is not mounted/,
    );
    assert.deepEqual(brought(service), []);
  });

  for (const [what, script, status] of [
    ["succeeded", LEFT, "Completed"],
    ["failed", { ...LEFT, exitCode: 3 }, "Failed"],
  ] as const)
    it(`is sent when the script has ${what}, and replaces nothing`, async () => {
      await using service = await ScriptedService.start(() => script);
      const at = shelf(service, { "out/a.txt": "was there" });
      const { id } = await service.submit("a.py", { dataReferences: upload });
      const run = await service.reached(id, status);
      assert.deepEqual([at("out/a.txt"), at("out/deep/b.txt")], ["was there", "2"]);
      assert.equal(run.about.warnings.length, 1);
      assert.match(
        run.about.warnings[0]?.message ?? "",
        /'out\/a\.txt' was not sent to the datastore 'shelf'/,
      );
      assert.match(await logOf(service, run, "azureml-logs/75_job_post.txt"), /y: 1 files, 1 bytes\./);
    });

  it("is sent after a cancel too", async () => {
    await using service = await ScriptedService.start(() => ({ ...LEFT, runForMs: "forever" }));
    const at = shelf(service);
    const { id } = await service.submit("a.py", { dataReferences: upload });
    await service.reached(id, "Running");
    await service.flow.cancelRun({ scope: SCOPE, runId: id, by: ADA });
    await service.reached(id, "Canceled");
    assert.equal(at("out/deep/b.txt"), "2");
    const told = await service.flow.story({ scope: SCOPE, runId: id });
    const sent = told.find(({ event }) => event === "dataSent");
    assert.deepEqual(
      [sent?.status, sent?.detail],
      ["CancelRequested", { references: 1, files: 2, bytes: 2, faults: 0 }],
    );
  });

  it("that cannot be sent changes nothing of how the run ended", async () => {
    await using service = await ScriptedService.start(() => LEFT);
    shelf(service);
    around(service, () => ({
      send: async () => {
        throw new MalachiteError("DataUnreachable", "The key has ended.");
      },
    }));
    const run = await service.reached(
      (await service.submit("a.py", { dataReferences: upload })).id,
      "Completed",
    );
    assert.match(
      run.about.warnings[0]?.message ?? "",
      /'y' was not sent to out of the datastore shelf: The key has ended/,
    );
  });

  it("of a run that is canceled while it is brought is freed", async () => {
    await using service = await ScriptedService.start(() => ({}));
    shelf(service, { "in/a.txt": "one" });
    let begun = false;
    around(service, (carrier) => ({
      async bring(place, into, tell, signal) {
        await carrier.bring(place, into, tell, signal);
        begun = true;
        await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
        throw new Error("never");
      },
    }));
    const { id } = await service.submit("a.py", { dataReferences: download });
    await service.until("the data", () => begun);
    await service.flow.cancelRun({ scope: SCOPE, runId: id, by: ADA });
    await service.reached(id, "Canceled");
    assert.deepEqual(brought(service), []);
    assert.equal(service.engine.accepted.length, 0);
  });

  it("is gone on with by the next life of a service that died over it, and what nobody needs is swept", async () => {
    await using service = await ScriptedService.start(() => ({ runForMs: 100 }));
    shelf(service, { "in/a.txt": "one" });
    let lives = 0;
    const dying = (ports: FlowPorts | undefined) => {
      const mutable = ports as { data: DataCarrier };
      const { data } = mutable;
      mutable.data = {
        ...data,
        async bring(place, into, tell, signal) {
          lives += 1;
          await data.bring(place, into, tell, signal);
          await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
          throw new Error("never");
        },
      };
    };
    dying(service.ports);
    const { id } = await service.submit("a.py", { dataReferences: download });
    await service.until("the data", () => lives === 1 && brought(service).length === 1);
    mkdirSync(join(service.folder, "data", "left-1-00000000000000000000"));
    await service.restart();
    assert.ok(!existsSync(join(service.folder, "data", "left-1-00000000000000000000")));
    const run = await service.reached(id, "Completed");
    assert.equal(run.life.outcome?.reason, "ExitedZero");
    assert.equal(service.engine.accepted.length, 1);
    await service.until("the data being freed", () => brought(service).length === 0);
  });

  it("is the same for the next attempt of a run", async () => {
    let launches = 0;
    await using service = await ScriptedService.start(() =>
      ++launches === 1
        ? { failLaunch: { error: new MalachiteError("Unexpected", "The engine stumbled."), times: 1 } }
        : { runForMs: 500 },
    );
    shelf(service, { "in/a.txt": "one" });
    const { id } = await service.submit("a.py", {
      dataReferences: download,
      outputData: { o: { mechanism: "Upload" } },
    });
    await service.until("the second launch", () => service.engine.jobs().size === 1);
    const { attempt, plan } = (await service.run(id)).life;
    assert.equal(attempt, 2);
    for (const { source } of plan?.mounts ?? []) assert.ok(existsSync(source), source);
    assert.equal(plan?.mounts?.length, 2);
    await service.reached(id, "Completed");
    await service.until("the data being freed", () => brought(service).length === 0);
  });

  it("is refused before there is a run: an unknown datastore, a path of the machine, a run at home", async () => {
    await using service = await ScriptedService.start(() => ({}));
    shelf(service);
    const at = (more: object) => ({ dataReferences: { x: { ...download.x, ...more } } });
    for (const [configuration, target, words] of [
      [
        at({ dataStoreName: "nowhere" }),
        "configuration.dataReferences.x.dataStoreName",
        /no datastore 'nowhere'/,
      ],
      [at({ pathOnCompute: "/etc/x" }), "configuration.dataReferences.x.pathOnCompute", /dataRoot/],
    ] as const)
      await assert.rejects(service.submit("a.py", configuration), (error: MalachiteError) => {
        assert.equal(error.target, target);
        return words.test(error.message);
      });
    const definition = { configuration: { script: "a.py", ...at({}) } };
    await assert.rejects(
      service.flow.packLocalRun({
        scope: SCOPE,
        experimentName: "e",
        definition,
        by: ADA,
        serviceUrl: "http://127.0.0.1:1",
      }),
      /not brought to a run on your own machine: configuration\.dataReferences\.x/,
    );
    const { values } = await service.flow.listRuns({ scope: SCOPE, limit: 10 } as never);
    assert.deepEqual(values, []);
  });
});
