// What `malachite env` does to a shell: every line taken as it is meant, the workspace made, the service trusted.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type Command, Home } from "./support/cli.ts";

const TOKEN = 'it\'s$HOME`x`\\&=%26+"y"';

describe("the environment of a shell", { timeout: 600_000 }, () => {
  const home = new Home();
  let server: Command;
  let endpoint = "";
  const up = async (...args: string[]) => {
    const port = endpoint === "" ? "0" : new URL(endpoint).port;
    server = home.start(["up", "--port", port, ...args]);
    endpoint = (await server.said(/Malachite takes work at (http:\S+)/))[1] ?? "";
  };
  const down = async () => {
    server.interrupt();
    await server.end;
  };
  before(() => up());
  after(() => home[Symbol.asyncDispose]());

  const good = async (args: readonly string[], cwd = home.folder): Promise<string> => {
    const { code, stdout, stderr } = await home.start(args, cwd).end;
    assert.equal(code, 0, `${args.join(" ")}: ${stdout}${stderr}`);
    return stdout;
  };
  /** The variables that a shell has once it has taken the lines. */
  const taken = (lines: string, shell = "bash"): Record<string, string> => {
    const script = 'eval "$LINES"; unset LINES; exec env -0';
    const text = execFileSync(shell, ["-c", script], { env: { PATH: process.env.PATH, LINES: lines } });
    const pairs = text
      .toString()
      .split("\0")
      .filter((pair) => pair.includes("="));
    return Object.fromEntries(
      pairs.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]),
    );
  };

  it("holds all that Python clients need, and files that are there", async () => {
    for (const shell of ["bash", "zsh", "sh"]) {
      // Not every machine has a zsh: what it is told, any shell of POSIX takes.
      const env = taken(await good(["env", "--shell", shell]), shell === "zsh" ? "sh" : shell);
      assert.equal(env.MALACHITE_ENDPOINT, endpoint);
      assert.equal(env.ARM_CLOUD_METADATA_URL, `${endpoint}/metadata/endpoints`);
      assert.equal(env.AZUREML_CURRENT_CLOUD, "AzureCloud");
      assert.equal(env.MSI_ENDPOINT, `${endpoint}/msi/token`);
      assert.ok(env.MSI_SECRET);
      assert.match(env.MLFLOW_TRACKING_URI ?? "", /^http:.*\/mlflow\/v1\.0\/subscriptions\/1{8}-/);
      assert.ok(statSync(env.AZURE_CONFIG_DIR ?? "").isDirectory());
      assert.ok(readFileSync(env.REQUESTS_CA_BUNDLE ?? "", "utf8").split("BEGIN CERTIFICATE").length > 100);
      assert.equal(env.SSL_CERT_FILE, undefined);
    }
  });

  it("forgets what a client has noted about the cloud", async () => {
    const env = taken(await good(["env"]));
    const noted = join(env.AZURE_CONFIG_DIR ?? "", "cloudEndpoints.json");
    writeFileSync(noted, "{}");
    await good(["env"]);
    assert.equal(existsSync(noted), false);
  });

  it("trusts the service over TLS, and so do curl, Python and the command line", async () => {
    const secure = endpoint.replace("http:", "https:");
    const before = await home.run("list", "--endpoint", secure.replace("127.0.0.1", "localhost"));
    assert.equal(before.code, 3);
    assert.match(before.stderr, /not trusted here.*malachite env/s);
    const env = taken(await good(["env", "--endpoint", secure]));
    assert.equal(env.SSL_CERT_FILE, env.REQUESTS_CA_BUNDLE);
    assert.match(await good(["list", "--endpoint", secure, "-o", "json"]), /^\[/);
    // In a shell that is set up already, the command trusts the service without what it has kept.
    home.env = { NODE_EXTRA_CA_CERTS: env.REQUESTS_CA_BUNDLE ?? "" };
    const again = readFileSync(
      taken(await good(["env", "--endpoint", secure])).REQUESTS_CA_BUNDLE ?? "",
      "utf8",
    );
    assert.ok(again.includes(readFileSync(join(home.folder, ".malachite/data/tls/ca.pem"), "utf8").trim()));
    home.env = {};
    const shell = { env: { ...env, PATH: process.env.PATH } };
    const answer = execFileSync(
      "curl",
      ["-sS", "--cacert", env.REQUESTS_CA_BUNDLE ?? "", `${secure}/healthz`],
      shell,
    );
    assert.match(answer.toString(), /"ok"/);
    const script = `import os, urllib.request; print(urllib.request.urlopen(os.environ["ARM_CLOUD_METADATA_URL"]).read())`;
    assert.match(execFileSync("python3", ["-c", script], shell).toString(), /resourceManager/);
  });

  it("keeps the authorities that the shell has named before, and its own bundle does not grow", async () => {
    const company = join(home.folder, "company.pem");
    const other = join(home.folder, ".malachite/data/tls/server.pem");
    writeFileSync(
      company,
      readFileSync(other, "utf8").replace(/-----BEGIN PRIVATE[\s\S]*?PRIVATE KEY-----\n/, ""),
    );
    home.env = { REQUESTS_CA_BUNDLE: company };
    const bundle = taken(await good(["env"])).REQUESTS_CA_BUNDLE ?? "";
    const first = readFileSync(bundle, "utf8");
    assert.ok(first.includes(readFileSync(company, "utf8").trim()));
    home.env = { REQUESTS_CA_BUNDLE: bundle };
    assert.ok(
      readFileSync(taken(await good(["env"])).REQUESTS_CA_BUNDLE ?? "", "utf8").length <= first.length,
    );
    home.env = {};
  });

  it("is that of the folder's workspace, which is made; --write notes one in a folder", async () => {
    const project = join(home.folder, "project");
    const subscription = "33333333-3333-3333-3333-333333333333";
    mkdirSync(join(project, ".azureml"), { recursive: true });
    const config = { subscription_id: subscription, resource_group: "g", workspace_name: "w" };
    writeFileSync(join(project, ".azureml/config.json"), JSON.stringify(config));
    // As a shell has it that was set up in another folder before.
    home.env = { MALACHITE_WORKSPACE: "11111111-1111-1111-1111-111111111111/rg/ws1" };
    assert.equal(taken(await good(["env"], project)).MALACHITE_WORKSPACE, `${subscription}/g/w`);
    home.env = {};
    assert.match(await good(["workspace", "list"]), new RegExp(`${subscription} +g +w `));
    assert.match(await good(["workspace", "show", `${subscription}/G/W`]), /^workspace +3+-[\d-]+\/g\/w$/m);

    const other = join(home.folder, "other");
    const written = join(other, ".azureml/config.json");
    await good(["env", "--write", other, "-w", `${subscription}/g/written`]);
    await good(["env", "--write", other, "-w", `${subscription}/g/written`]);
    assert.deepEqual(JSON.parse(readFileSync(written, "utf8")), { ...config, workspace_name: "written" });
    assert.equal(taken(await good(["env"], other)).MALACHITE_WORKSPACE, `${subscription}/g/written`);
    const refused = await home.run("env", "--write", project, "-w", `${subscription}/g/written`);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /is there already/);
    assert.equal(refused.stdout, "");
  });

  it("makes and shows workspaces by command", async () => {
    const name = "44444444-4444-4444-4444-444444444444/g/made";
    const absent = await home.run("workspace", "show", name);
    assert.equal(absent.code, 5);
    assert.match(absent.stderr, new RegExp(`malachite workspace create ${name}`));
    const made = JSON.parse(await good(["workspace", "create", name, "-o", "json"]));
    const again = JSON.parse(await good(["workspace", "create", name.toUpperCase(), "-o", "json"]));
    assert.equal(again.id, made.id);
    assert.equal(again.properties.workspaceId, made.properties.workspaceId);
    const wrong = await home.run("workspace", "create", "made");
    assert.equal(wrong.code, 2);
  });

  it("follows a service on the same port with a new data folder: another authority, another workspace id", async () => {
    const idOf = async () =>
      JSON.parse(await good(["workspace", "show", "-o", "json"])).properties.workspaceId;
    const before = await idOf();
    const secure = endpoint.replace("http:", "https:");
    await good(["env"]);
    await down();
    rmSync(join(home.folder, ".malachite/data"), { recursive: true });
    await up();
    assert.notEqual(await idOf(), before);
    await good(["env", "--endpoint", secure]);
    await good(["list", "--endpoint", secure]);
  });

  it("gives clients their token where callers are to be known", async () => {
    await down();
    const long = "a-token-of-enough-characters";
    await up("--token", TOKEN, "--token", long);
    const refused = await home.run("env");
    assert.equal(refused.code, 4, refused.stderr);
    for (const token of [TOKEN, long]) {
      home.env = { MALACHITE_TOKEN: token };
      const env = taken(await good(["env"]));
      assert.equal(env.MALACHITE_TOKEN, token);
      assert.equal(env.MSI_SECRET, token);
      const byAddress = await fetch(env.MSI_ENDPOINT ?? "", {
        method: "POST",
        body: new URLSearchParams({ resource: "x" }),
      });
      assert.equal(byAddress.status, 200);
      const { access_token } = (await byAddress.json()) as { access_token: string };
      const used = await fetch(`${endpoint}/subscriptions?api-version=2022-12-01`, {
        headers: { authorization: `Bearer ${access_token}` },
      });
      assert.equal(used.status, 200);
      assert.equal((await fetch(`${endpoint}/msi/token`)).status, 403);
    }
  });
});
