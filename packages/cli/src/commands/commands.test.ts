import assert from "node:assert/strict";
import { test } from "node:test";
import { SETTINGS } from "@malachite/server";
import { Command } from "commander";
import type { Io } from "../io.ts";
import { main } from "../main.ts";
import { runProgram } from "../program.ts";
import { assignment, variablesOf } from "./envCommand.ts";
import { exitCodeOf } from "./follow.ts";
import { COMMANDS } from "./index.ts";
import { define as defineUp } from "./upCommand.ts";

function record(rest?: readonly string[]): Io & { stdout: string; stderr: string } {
  return {
    cwd: "/",
    env: { HOME: "/nowhere" },
    rest,
    stdout: "",
    stderr: "",
    async out(text) {
      this.stdout += text;
    },
    say(text) {
      this.stderr += `${text}\n`;
    },
    interactive: false,
    columns: undefined,
    ask: async () => undefined,
    onInterrupt: () => () => {},
  };
}

test("`up` offers every setting of the service, and the settings file", () => {
  const command = new Command("up");
  defineUp(command, record(), { exitCode: 0 });
  const offered = command.options.map((option) => option.attributeName()).sort();
  assert.deepEqual(offered, [...Object.keys(SETTINGS), "settings"].sort());
});

for (const name of Object.keys(COMMANDS))
  test(`\`${name} --help\` shows how, with examples`, async () => {
    const io = record();
    assert.equal(await runProgram([name, "--help"], io, "1.2.3", COMMANDS), 0);
    const words = ["target", "workspace"].includes(name) ? /list/s : /Examples:\n {2}(malachite|eval)/;
    assert.match(io.stdout, words);
    assert.equal(io.stderr, "");
  });

test("help lists all commands and exit codes", async () => {
  for (const argv of [["--help"], ["help"], []]) {
    const io = record();
    assert.equal(await runProgram(argv, io, "1.2.3", COMMANDS), 0, String(argv));
    for (const name of Object.keys(COMMANDS)) assert.match(io.stdout, new RegExp(`^ {2}${name} `, "m"));
    assert.match(io.stdout, /Exit codes:/);
  }
});

test("wrong usage ends with 2, says what is meant, and prints nothing to stdout", async () => {
  const cases: [argv: string[], says: RegExp][] = [
    [["submt"], /Did you mean submit/],
    [["list", "--no-such"], /unknown option/],
    [["cancel"], /Name the runs/],
    [["cancel", "--target", "lab"], /--target belongs to --let-go/],
    [["cancel", "--let-go", "--target", "lab", "run"], /either runs or --target/],
    [["cancel", "--let-go", "--wait", "run"], /--wait/],
    [["cancel", "--yes", "run"], /--yes belongs to --target/],
    [["show"], /missing required argument 'run'/],
    [["list", "-n", "0"], /whole number from 1/],
    [["list", "-o", "xml"], /Allowed choices are table, json/],
    [["submit", "/no/such/folder"], /There is no folder/],
    [["submit", "--env", "=x"], /NAME=VALUE/],
    [["list", "-w", "a"], /SUBSCRIPTION\/GROUP\/NAME/],
  ];
  for (const [argv, says] of cases) {
    const io = record();
    assert.equal(await runProgram(argv, io, "1.2.3", COMMANDS), 2, argv.join(" "));
    assert.match(io.stderr, says);
    assert.equal(io.stdout, "");
  }
});

test("script arguments belong to submit alone", async () => {
  let io = record();
  const code = await main(["list", "--", "--x"], (rest) => {
    io = record(rest);
    return io;
  });
  assert.equal(code, 2);
  assert.match(io.stderr, /'list' takes none/);
});

test("--version is the version and nothing else", async () => {
  const io = record();
  assert.equal(await main(["--version"], () => io), 0);
  assert.match(io.stdout, /^\d+\.\d+\.\d+\n$/);
});

test("a run's end is an exit code", () => {
  const failed = (properties: Record<string, string>) => exitCodeOf({ status: "Failed", properties });
  assert.equal(exitCodeOf({ status: "Completed", properties: { "malachite.exitCode": "0" } }), 0);
  assert.equal(failed({ "malachite.exitCode": "42" }), 42);
  assert.equal(failed({ "malachite.exitCode": "0" }), 1);
  assert.equal(failed({ "malachite.signal": "SIGKILL" }), 1);
  assert.equal(failed({}), 1);
  assert.equal(exitCodeOf({ status: "Canceled", properties: { "malachite.exitCode": "0" } }), 6);
});

test("variables for a shell are quoted, whatever is in them", () => {
  assert.equal(assignment("sh", "A", "it's $x"), "export A='it'\\''s $x'");
  assert.equal(assignment("fish", "A", "it's \\"), "set -gx A 'it\\'s \\\\'");
  assert.equal(assignment("powershell", "A", "it's"), "$env:A = 'it''s'");
  const workspace = { subscriptionId: "s", resourceGroup: "my group", workspace: "w" };
  const connection = { endpoint: "http://h", token: "t", workspace, workspaceFrom: "" };
  const variables = variablesOf(connection, SETUP);
  assert.match(variables.MALACHITE_EXECUTION_URL ?? "", /resourceGroups\/my%20group\//);
});

const SETUP = { bundle: "/b.pem", configFolder: "/azure", msiSecret: undefined, env: {} };
const WORKSPACE = { subscriptionId: "s", resourceGroup: "g", workspace: "w" };

test("variables tell clients where tokens come from, as the service was started", () => {
  const of = (token: string, msiSecret?: string) => {
    const connection = { endpoint: "http://h:1", token, workspace: WORKSPACE, workspaceFrom: "" };
    const { MSI_ENDPOINT, MSI_SECRET } = variablesOf(connection, { ...SETUP, msiSecret });
    return [MSI_ENDPOINT, MSI_SECRET];
  };
  assert.deepEqual(of("dev"), ["http://h:1/msi/token", "dev"]);
  assert.deepEqual(of("a b&c"), ["http://h:1/msi/token?secret=a%20b%26c", "a b&c"]);
  assert.deepEqual(of("aa.bb.cc"), [undefined, undefined]);
  assert.deepEqual(of("aa.bb.cc", "s3"), ["http://h:1/msi/token?secret=s3", "s3"]);
});

test("variables name the bundle to all who read their own variable, where the service is reached over TLS", () => {
  const names = (endpoint: string) =>
    Object.entries(
      variablesOf({ endpoint, token: "t", workspace: WORKSPACE, workspaceFrom: "" }, SETUP),
    ).flatMap(([name, value]) => (value === "/b.pem" ? name : []));
  assert.deepEqual(names("http://h"), ["REQUESTS_CA_BUNDLE"]);
  assert.deepEqual(names("https://h"), ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"]);
});

test("variables lead past a proxy, and keep what was already led past it", () => {
  const connection = { endpoint: "http://[::1]:1", token: "t", workspace: WORKSPACE, workspaceFrom: "" };
  const of = (env: Record<string, string>) => variablesOf(connection, { ...SETUP, env }).no_proxy;
  assert.equal(of({}), undefined);
  assert.equal(of({ HTTPS_PROXY: "http://p" }), "::1");
  assert.equal(of({ http_proxy: "http://p", NO_PROXY: "a.b, c" }), "a.b,c,::1");
  assert.equal(of({ http_proxy: "http://p", no_proxy: "a.b,::1" }), "a.b,::1");
});
