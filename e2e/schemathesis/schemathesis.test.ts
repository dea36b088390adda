// Schemathesis makes up requests from /openapi.json and holds every answer against it: no fault of the service, no answer
// outside the contract.
//
// Checks that are off, and why:
// - unsupported_method, for GET of what a container does in a batch: there it lists the files of a folder that is called so. The
//   path of a file is the rest of the address, which OpenAPI 3.0 cannot say.
// - negative_data_rejection: the service takes nulls for absent values, digit strings for numbers and names in any case, as the
//   real one does; schemathesis holds each of these for wrong data.
// - positive_data_acceptance: what is right by the schema may still name a run that is not there.
// - use_after_free, ensure_resource_availability, object_level_authorization: they follow links between operations, and the
//   contract has none.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { ended, getRun, python3, submit } from "../support/runs.ts";
import { Service, WORKSPACE } from "../support/service.ts";
import { orSkip, pythonWith } from "../support/tools.ts";

const VERSION = "schemathesis==4.32.5";
const HOOKS = fileURLToPath(new URL("./hooks.py", import.meta.url));
const CHECKS = [
  "not_a_server_error",
  "status_code_conformance",
  "content_type_conformance",
  "response_headers_conformance",
  "response_schema_conformance",
  "unsupported_method",
  "allow_header_conformance",
  "missing_required_header",
  "ignored_auth",
];
const FOLDERS = `
[[operations]]
include-path-regex = "/artifacts/[{]origin[}]/[{]container[}]/batch/"
include-method-regex = "(?i)^get$"
enabled = false
`;
const KNOWN_RUN = "schemathesis-1";
const EXPERIMENT = "schemathesis";

type Ask = {
  readonly seconds: number;
  readonly examples: number;
  readonly config?: string;
  readonly env?: Readonly<Record<string, string>>;
};

/** What it found, without the addresses' common part: each is some 200 characters that say nothing. */
function findings(said: string): string {
  const start = Math.max(0, said.search(/^=+ (ERRORS|FAILURES) =+$/m));
  const text = said
    .slice(start)
    .replaceAll(
      /\/subscriptions\/[^/ ]+\/resourceGroups\/[^/ ]+\/providers\/[^/ ]+\/workspaces\/[^/ ]+/g,
      "~",
    );
  const lines = text.split("\n").map((line) => line.slice(0, 1500));
  return lines.join("\n").slice(0, 40_000);
}

describe("schemathesis", { timeout: 600_000 }, () => {
  let service: Service;
  let folder: string;
  let running: ChildProcess | undefined;
  before(async () => {
    service = await Service.start();
    folder = mkdtempSync(join(tmpdir(), "malachite-schemathesis-"));
    await submit(service, {
      files: { "main.py": "print(1)\n" },
      runId: KNOWN_RUN,
      experimentName: EXPERIMENT,
    });
    await ended(service, KNOWN_RUN);
  });
  after(async () => {
    running?.kill();
    await service[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  async function run(t: TestContext, ask: Ask): Promise<void> {
    const python = orSkip(t, () => pythonWith("schemathesis", [VERSION]));
    if (python === undefined) return;
    const config = join(folder, "schemathesis.toml");
    writeFileSync(config, FOLDERS + (ask.config ?? ""));
    const args = [
      // Its command by its entry point: scripts of the cached environment point to where it was made.
      ...["-c", "from schemathesis.cli import schemathesis; schemathesis()"],
      ...["--no-color", "--config-file", config, "run", `${service.url}/openapi.json`],
      ...["-H", "Authorization: Bearer dev", "--checks", CHECKS.join(",")],
      // One worker: with two, hypothesis itself fails now and then over its cache of sources.
      ...["--phases", "coverage,fuzzing", "--workers", "1", "--seed", "7", "--request-timeout", "20"],
      ...["--max-examples", String(ask.examples), "--max-time", String(ask.seconds), "--continue-on-failure"],
      ...["--generation-database", "none", "--suppress-health-check", "all", "--warnings", "off"],
      // A stream of events never ends while its run goes on, and OpenAPI 3.0 has no words for what is in it. A service that is drained ends.
      ...["--exclude-operation-id-regex", "Malachite_(FollowLog|Events|ChangeService)"],
    ];
    const child = spawn(python, args, {
      cwd: folder,
      env: {
        PATH: process.env.PATH,
        HOME: folder,
        SCHEMATHESIS_HOOKS: HOOKS,
        PYTHONPATH: folder,
        ...ask.env,
      },
      timeout: (ask.seconds + 60) * 1000,
    });
    running = child;
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (said += chunk));
    const [code] = await once(child, "close");
    t.diagnostic(/^\s+\d+ generated.*$/m.exec(said)?.[0].trim() ?? "no summary");
    assert.ok(code === 0, `schemathesis ended with ${code}:\n${findings(said)}`);
    assert.ok((await service.call("GET", "/healthz")).ok, "the service is up afterwards");
  }

  it("finds nothing with names that it makes up", async (t) => {
    await run(t, { seconds: 45, examples: 10 });
  });

  it("finds nothing with a run, an experiment and a container that are there", async (t) => {
    const { properties, experimentId } = (await getRun(service, KNOWN_RUN)) as Awaited<
      ReturnType<typeof getRun>
    > & { experimentId: string };
    const parameters = {
      "path.subscriptionId": WORKSPACE.subscriptionId,
      "path.resourceGroupName": WORKSPACE.resourceGroup,
      "path.workspaceName": WORKSPACE.workspace,
      "path.experimentName": EXPERIMENT,
      "path.experimentId": experimentId,
      "path.runId": KNOWN_RUN,
      "path.origin": "ExperimentRun",
      "path.container": `dcid.${KNOWN_RUN}`,
      "path.snapshotId": properties.ContentSnapshotId,
    };
    const lines = Object.entries(parameters).map(([name, value]) => `"${name}" = ${JSON.stringify(value)}`);
    await run(t, {
      seconds: 75,
      examples: 30,
      config: `[parameters]\n${lines.join("\n")}\n`,
      env: { KNOWN_SNAPSHOT: properties.ContentSnapshotId ?? "", KNOWN_INTERPRETER: python3() },
    });
  });
});
