// The command as a process, without a service: how it starts, what goes to which stream, how it ends.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const BIN = fileURLToPath(new URL("../bin/malachite.js", import.meta.url));
const home = mkdtempSync(join(tmpdir(), "malachite-home-"));
after(() => rmSync(home, { recursive: true, force: true }));

type End = { code: number | null; signal: string | null; stdout: string; stderr: string };

async function start(
  command: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<End> {
  const child = spawn(command, args, {
    env: { PATH: process.env.PATH ?? "", HOME: home, ...env },
    cwd: home,
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  const { promise, resolve } = Promise.withResolvers<End>();
  child.once("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  return promise;
}

test("starts by its shebang, by node alone, and through a link, as npm makes one", async () => {
  const link = join(home, "malachite");
  symlinkSync(BIN, link);
  const ways: [string, string[]][] = [
    [BIN, []],
    [process.execPath, [BIN]],
    [link, []],
  ];
  for (const [command, args] of ways) {
    const { code, stdout, stderr } = await start(command, [...args, "--version"]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
    assert.equal(stderr, "");
  }
});

const OLD = ["/usr/bin/node", "/usr/local/bin/node"].find((path) => {
  if (!existsSync(path)) return false;
  return Number(execFileSync(path, ["-p", "process.versions.node.split('.')[0]"], { encoding: "utf8" })) < 24;
});
test("finds the pinned Node when it is started by an older one", {
  skip: OLD === undefined && "no older Node is here",
}, async () => {
  const { code, stdout, stderr } = await start(OLD ?? "", [BIN, "--version"]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
});

test("no service: exit code 3, the address and the way out on stderr, nothing on stdout", async () => {
  const { code, stdout, stderr } = await start(BIN, ["list", "-o", "json"], {
    MALACHITE_ENDPOINT: "http://127.0.0.1:9",
  });
  assert.equal(code, 3);
  assert.match(stderr, /No service answers at http:\/\/127\.0\.0\.1:9.*malachite up/s);
  assert.equal(stdout, "");
});

test("env prints lines that a shell takes, and only those on stdout", async () => {
  const { code, stdout, stderr } = await start(BIN, ["env"], {
    MALACHITE_TOKEN: "it's $HOME `x`",
    MALACHITE_ENDPOINT: "http://127.0.0.1:9",
  });
  assert.equal(code, 0);
  assert.match(stderr, /No service answers at http:\/\/127\.0\.0\.1:9: run this again/);
  assert.doesNotMatch(stdout, /REQUESTS_CA_BUNDLE/);
  const seen = execFileSync("sh", ["-c", `${stdout}\nprintf %s "$MALACHITE_TOKEN"`], { encoding: "utf8" });
  assert.equal(seen, "it's $HOME `x`");
});

test("a reader that goes away early is no fault", async () => {
  const { code, stderr } = await start("sh", ["-c", `"${BIN}" --help | head -n 1`]);
  assert.equal(code, 0);
  assert.equal(stderr, "");
});

test("settings that are wrong are told before anything listens", async () => {
  const { code, stderr } = await start(BIN, ["up", "--port", "x", "--data", join(home, "data")]);
  assert.equal(code, 2);
  assert.match(stderr, /--port must be a whole number/);
  const open = await start(BIN, ["up", "--host", "0.0.0.0", "--data", join(home, "data")]);
  assert.equal(open.code, 2);
  assert.match(open.stderr, /--issuer|--token/);
});
