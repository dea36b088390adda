import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, test } from "node:test";
import { cliText } from "./cliText.ts";
import { type Copied, configurationOf } from "./copied.ts";
import { curlText } from "./curlText.ts";
import { python, pythonText } from "./pythonText.ts";
import { hereDocument, quoted } from "./shell.ts";

const NASTY = ["it's", "$(touch x)", "`id`", "a b", "", "END", "new\nline", "ü ☃ 𝕏", '"', "\\", "--", "!x"];
const run: Copied = {
  endpoint: "http://127.0.0.1:7464",
  workspace: { subscriptionId: "s", resourceGroup: "g", workspace: "w" },
  experimentName: "demo",
  runId: "demo_1",
  snapshotId: "00000000-0000-0000-0000-000000000001",
  parentRunId: undefined,
  configuration: { script: "train.py", arguments: NASTY },
};
const shell = (text: string) => execFileSync("sh", ["-c", text], { encoding: "utf8" });

describe("A run copied", () => {
  test("has no defaults and nothing empty in its configuration", () => {
    const resolved = {
      configuration: {
        script: "a.py",
        command: "",
        framework: "Python",
        communicator: "None",
        nodeCount: 1,
        target: "local",
        arguments: [],
        environment: { python: { interpreterPath: null, userManagedDependencies: false }, docker: null },
        environmentVariables: { A: "" },
      },
    };
    assert.deepEqual(configurationOf({ resolved }), {
      script: "a.py",
      environment: { python: { userManagedDependencies: false } },
      environmentVariables: { A: "" },
    });
  });

  test("goes through a shell as it is", () => {
    assert.equal(
      shell(`printf '%s\\0' ${NASTY.map(quoted).join(" ")}`),
      NASTY.map((one) => `${one}\0`).join(""),
    );
    const text = "END\nEND_\n$(id) `id` \\";
    const { mark, body } = hereDocument(text);
    assert.equal(shell(`cat ${mark}\n${body}`), `${text}\n`);
  });

  test("as curl sends the definition and the snapshot", () => {
    const sent = shell(curlText(run).replace(/^curl /, "curl() { cat; }; curl "));
    assert.deepEqual(JSON.parse(sent), {
      configuration: run.configuration,
      snapshotId: run.snapshotId,
    });
  });

  test("as a command line takes its project and gives its arguments behind --", () => {
    const text = cliText({ ...run, parentRunId: "p" });
    assert.match(text, /--experiment demo --script train\.py --parent p -- /);
    const fakes = `curl() { :; }; python3() { :; }; npx() { shift 2; printf '%s\\0' "$@"; }; `;
    assert.equal(
      shell(fakes + text),
      ["project", "--experiment", "demo", "--script", "train.py", "--parent", "p", "--", ...NASTY]
        .map((one) => `${one}\0`)
        .join(""),
    );
  });

  test("as a command line puts into a file what no flag says", () => {
    const text = cliText({ ...run, configuration: { script: "train.py", nodeCount: 2 } });
    assert.match(text, /cat > again\.runconfig/);
    assert.match(text, /--config again\.runconfig/);
    const command = cliText({ ...run, configuration: { command: "echo hi" } });
    assert.match(command, /^npx malachite rerun demo_1$/m);
  });

  test("as Python is Python", { skip: !hasPython() }, () => {
    const configuration = {
      ...run.configuration,
      target: "gpus",
      communicator: "Mpi",
      nodeCount: 2,
      mpi: { processCountPerNode: 3 },
      environment: { python: { condaDependencies: { dependencies: ["python=3.11", { pip: ["numpy"] }] } } },
      environmentVariables: { A: "b" },
    };
    const text = pythonText({ ...run, configuration });
    assert.match(text, /MpiConfiguration\(process_count_per_node=3, node_count=2\)/);
    execFileSync("python3", ["-c", "import ast, sys; ast.parse(sys.stdin.read())"], { input: text });
    const read = execFileSync(
      "python3",
      ["-c", "import ast, json, sys; print(json.dumps(ast.literal_eval(sys.stdin.read())))"],
      {
        input: python({ a: NASTY, b: [true, null, 1.5] }),
        encoding: "utf8",
      },
    );
    assert.deepEqual(JSON.parse(read), { a: NASTY, b: [true, null, 1.5] });
  });
});

function hasPython(): boolean {
  try {
    execFileSync("python3", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
