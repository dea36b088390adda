// The agent's way to the service: TLS with a certificate authority of one's own, proxies, servers that are something else.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { BundleFolder, job, realShell } from "./testing/bundleRun.ts";
import { StubService } from "./testing/stubService.ts";

const openssl = realShell("openssl");

test("TLS: refused with a word of help, trusted by SSL_CERT_FILE, REQUESTS_CA_BUNDLE or the bundle's own authority", {
  skip: openssl === undefined && "openssl is not here",
}, async () => {
  const keys = mkdtempSync(join(tmpdir(), "malachite-tls-"));
  try {
    const [key, cert] = [join(keys, "key.pem"), join(keys, "cert.pem")];
    const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
    const make = [
      "req",
      "-x509",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-days",
      "2",
      "-keyout",
      key,
      "-out",
      cert,
    ];
    execFileSync(openssl ?? "", [...make, ...subject], { stdio: "ignore" });
    const tls = { key: readFileSync(key), cert: readFileSync(cert) };
    const run = async (env: Record<string, string>, certificateAuthority?: string) => {
      await using stub = new StubService(tls);
      using folder = new BundleFolder();
      folder.file("train.py", "print('over TLS')");
      await folder.unpack(job(await stub.listen()), certificateAuthority);
      const { code, stderr } = await folder.start(env).ended;
      return { code, stderr, log: stub.text("user_logs/std_log.txt") };
    };
    const refused = await run({});
    assert.equal(refused.code, 125);
    assert.match(refused.stderr, /Name the certificate file in SSL_CERT_FILE/);
    for (const variable of ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"]) {
      const { code, log, stderr } = await run({ [variable]: cert });
      assert.equal(code, 0, stderr);
      assert.equal(log, "over TLS\n");
    }
    assert.equal((await run({}, tls.cert.toString("utf8"))).code, 0);
  } finally {
    rmSync(keys, { recursive: true });
  }
});

test("a proxy is used for other hosts and not for loopback", async () => {
  await using stub = new StubService();
  using near = new BundleFolder();
  near.file("train.py", "print('near')");
  await near.unpack(job(await stub.listen()));
  const direct = await near.start({ http_proxy: "http://127.0.0.1:1" }).ended;
  assert.equal(direct.code, 0, direct.stderr);

  await using proxy = new StubService();
  using far = new BundleFolder();
  far.file("train.py", "print('far')");
  await proxy.listen();
  await far.unpack(job("http://service.invalid/base/"));
  const through = await far.start({ http_proxy: proxy.url }).ended;
  assert.equal(through.code, 0, through.stderr);
  assert.equal(proxy.text("user_logs/std_log.txt"), "far\n");
  assert.ok(proxy.requests.every((request) => request.path.startsWith("/base/")));
  assert.equal(proxy.requests[0]?.headers.host, "service.invalid");
});

const strangers = [
  ["a page instead of JSON", 200, "<html>log in</html>", /what answers at .* is not the service/],
  ["a redirect, which could take the token elsewhere", 302, "", /302: Found/],
  ["an unknown run", 404, '{"error":{"message":"no run run_1"}}', /404: no run run_1/],
] as const;
for (const [name, status, body, text] of strangers) {
  test(`nothing is run when the service answers with ${name}`, async () => {
    const server = createServer((_, response) => {
      response.writeHead(status, { location: "http://127.0.0.1:1/" });
      response.end(body);
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    try {
      using folder = new BundleFolder();
      folder.file("train.py", "print('ran')");
      await folder.unpack(job(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
      const { code, stdout, stderr } = await folder.start().ended;
      assert.equal(code, 125);
      assert.equal(stdout.length, 0);
      assert.match(stderr, text);
    } finally {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    }
  });
}
