import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { parseAddress } from "./address.ts";

it("a socket is named beside a URL that has no host, as PostgreSQL's own programs take it, or another", () => {
  for (const url of [
    "postgres://m:secret@/db?host=/run/postgresql",
    "postgresql://m:secret@:5433/db?schema=s&host=/run/postgresql",
    "postgres://m:secret@ignored/db?host=/run/postgresql",
  ]) {
    const { host, user, database, shown } = parseAddress(url);
    assert.deepEqual([host, user, database], ["/run/postgresql", "m", "db"]);
    assert.match(shown, /^postgres:\/\/m@(:5433)?\/db\?host=\/run\/postgresql&schema=/);
  }
  assert.equal(parseAddress("postgres://m@/db?host=/x").port, 5432);
  assert.equal(parseAddress("postgres://m@:5433/db?host=/x").port, 5433);
  assert.throws(() => parseAddress("postgres://m@/db"), /must name a host/);
  assert.throws(() => parseAddress("postgres:///db"), /must name a host/);
});

it("a file of authorities that has no certificate is refused", () => {
  const folder = mkdtempSync(join(tmpdir(), "malachite-address-"));
  const file = join(folder, "root.crt");
  writeFileSync(file, "no certificate\n");
  try {
    assert.throws(
      () => parseAddress(`postgres://m:secret@db/db?sslmode=verify-ca&sslrootcert=${file}`),
      (error: Error) =>
        error.message.includes(`without a certificate (PEM): '${file}'`) && !/secret/.test(error.message),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
