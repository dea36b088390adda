// The authority stays, the server's certificate follows names and time, and nothing is lost half-written.
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { certificateOf, isSignedBy, namesMissing, readPair } from "./keyPair.ts";
import { type Certificates, type CertificatesAsk, openCertificates } from "./openCertificates.ts";
import { serverNames } from "./serverNames.ts";

const root = mkdtempSync(join(tmpdir(), "malachite-tls-"));
after(() => rmSync(root, { recursive: true, force: true }));
const DAY_MS = 24 * 3600_000;
const NAMES = ["127.0.0.1", "::1", "localhost"];

let made = 0;
const newFolder = () => join(root, String(++made));
const warnings: string[] = [];
const open = (folder: string, change: Partial<CertificatesAsk> = {}): Promise<Certificates> =>
  openCertificates({
    folder,
    names: NAMES,
    trusted: [],
    now: Date.now,
    log: { info() {}, warn: (text) => void warnings.push(text), error() {} },
    ...change,
  });
const read = (folder: string, name: string) => readFileSync(join(folder, name), "utf8");

describe("the certificates of a data folder", () => {
  it("are made once and kept", async () => {
    const folder = newFolder();
    const first = await open(folder);
    const second = await open(folder);
    assert.deepEqual(second.current(), first.current());
    assert.equal(second.authority, first.authority);
    assert.deepEqual(readdirSync(folder).sort(), ["authority.pem", "ca-bundle.pem", "ca.pem", "server.pem"]);
    for (const name of ["authority.pem", "server.pem"])
      assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name);
    assert.equal(read(folder, "ca.pem"), first.authority);
    assert.doesNotMatch(read(folder, "ca.pem") + read(folder, "ca-bundle.pem"), /PRIVATE KEY/);
  });

  it("hold what strict clients look for", async () => {
    const pair = (await open(newFolder())).current();
    const certificate = certificateOf(pair);
    assert.equal(certificate.ca, false);
    assert.deepEqual(certificate.keyUsage, ["1.3.6.1.5.5.7.3.1"]);
    assert.deepEqual(namesMissing(pair, NAMES), []);
    assert.deepEqual(namesMissing(pair, ["127.0.0.2", "example.org", "::2"]), [
      "127.0.0.2",
      "example.org",
      "::2",
    ]);
    const days = (certificate.validToDate.getTime() - certificate.validFromDate.getTime()) / DAY_MS;
    assert.ok(days <= 398, `${days} days`);
    assert.match(certificate.serialNumber, /^[4-7][0-9A-F]{31}$/);
  });

  it("are the authority's that is there, with a new server certificate where names are missing", async () => {
    const folder = newFolder();
    const first = await open(folder);
    const more = await open(folder, { names: [...NAMES, "10.0.0.7", "bücher.example", "host_1"] });
    assert.equal(more.authority, first.authority);
    assert.notEqual(more.current().certificate, first.current().certificate);
    assert.deepEqual(namesMissing(more.current(), ["10.0.0.7", "xn--bcher-kva.example", "host_1"]), []);
    // Fewer names are no reason for another one.
    assert.equal((await open(folder)).current().certificate, more.current().certificate);
  });

  it("are renewed before they end, the authority last of all", async () => {
    const folder = newFolder();
    const first = await open(folder);
    const at = (days: number) => open(folder, { now: () => Date.now() + days * DAY_MS });
    assert.equal((await at(360)).current().certificate, first.current().certificate);
    const renewed = await at(370);
    assert.notEqual(renewed.current().certificate, first.current().certificate);
    assert.equal(renewed.authority, first.authority);
    warnings.length = 0;
    const late = await at(20 * 365 - 10);
    assert.notEqual(late.authority, first.authority);
    assert.match(warnings.join(), /clients need the new ca\.pem/);
    assert.equal(read(folder, "ca.pem"), late.authority);
  });

  it("are renewed while the server runs, and it is told", async (t) => {
    t.mock.timers.enable({ apis: ["setInterval"] });
    let days = 0;
    using open1 = await open(newFolder(), { now: () => Date.now() + days * DAY_MS });
    const first = open1.current().certificate;
    const { promise: told, resolve } = Promise.withResolvers<string>();
    open1.onRenewal(({ certificate }) => resolve(certificate));
    days = 380;
    t.mock.timers.tick(6 * 3600_000);
    assert.notEqual(await told, first);
    assert.equal(open1.current().certificate, await told);
  });

  it("are made anew when the clock was wrong when they were made", async () => {
    const folder = newFolder();
    const wrong = await open(folder, { now: () => Date.now() + 1000 * DAY_MS });
    const right = await open(folder);
    assert.notEqual(right.current().certificate, wrong.current().certificate);
  });

  it("survive a damaged or strange server certificate, not a damaged authority", async () => {
    const folder = newFolder();
    const first = await open(folder);
    const other = await open(newFolder());
    const strange = `${other.current().key}${other.current().certificate}`;
    const mixed = `${other.current().key}${first.current().certificate}`;
    for (const text of ["", "nonsense", read(folder, "server.pem").slice(0, 300), strange, mixed]) {
      writeFileSync(join(folder, "server.pem"), text);
      const healed = await open(folder);
      const authority = readPair(read(folder, "authority.pem"));
      assert.ok(isSignedBy(healed.current(), authority));
      assert.equal(healed.authority, first.authority);
    }
    writeFileSync(join(folder, "authority.pem"), "nonsense");
    await assert.rejects(open(folder), {
      code: "StorageFailed",
      message: /authority\.pem is damaged.*remove it/,
    });
  });

  it("give clients ca.pem and a bundle with the public authorities, made again when they are gone", async () => {
    const folder = newFolder();
    const extra = join(root, "company.pem");
    writeFileSync(extra, `a note\r\n${(await open(newFolder())).authority.replaceAll("\n", "\r\n")}`);
    const { authority, bundle } = await open(folder, { trusted: [extra, join(root, "missing.pem"), extra] });
    rmSync(join(folder, "ca.pem"));
    rmSync(bundle);
    await open(folder, { trusted: [extra] });
    const all = readFileSync(bundle, "utf8").match(
      /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g,
    );
    const subjects = (all ?? []).map((pem) => new X509Certificate(pem).subject);
    assert.ok(subjects.length > 100, String(subjects.length));
    assert.equal(subjects.filter((subject) => subject.includes("Malachite authority")).length, 2);
    assert.equal(new Set(all).size, all?.length);
    assert.equal(read(folder, "ca.pem"), authority);
  });

  it("may be the operator's own; what is wrong with those is told", async () => {
    const own = (await open(newFolder())).current();
    const certificate = join(root, "own.crt");
    const key = join(root, "own.key");
    writeFileSync(certificate, own.certificate);
    writeFileSync(key, own.key);
    const folder = newFolder();
    assert.equal(
      (await open(folder, { given: { certificate, key } })).current().certificate,
      own.certificate,
    );
    assert.ok(read(folder, "ca-bundle.pem").includes(own.certificate.trim()));
    writeFileSync(key, (await open(newFolder())).current().key);
    for (const given of [
      { certificate, key },
      { certificate: key, key },
      { certificate: join(root, "none"), key },
    ])
      await assert.rejects(open(folder, { given }), {
        code: "InvalidRequest",
        message: /--tls-cert.*--tls-key/,
      });
  });
});

describe("the names of a server", () => {
  const of = (host: string, publicUrl?: string, allowHost: string[] = []) =>
    serverNames({ host, publicUrl, allowHost });
  const always = [...NAMES];
  it("are loopback's, its address, its public host and those it may be called by", () => {
    assert.deepEqual(of("127.0.0.1"), always);
    assert.deepEqual(of("10.1.2.3", "https://Malachite.example.org:8443/x", ["Box"]), [
      ...always,
      "10.1.2.3",
      "box",
      "malachite.example.org",
    ]);
    assert.deepEqual(of("::1", "https://[2001:db8::1]:1"), [...always, "2001:db8::1"]);
  });
  it("are this machine's where it listens everywhere", () => {
    const names = of("0.0.0.0");
    assert.ok(names.length > always.length);
    assert.ok(!names.includes("0.0.0.0") && !names.some((name) => name.startsWith("fe80")));
  });
});
