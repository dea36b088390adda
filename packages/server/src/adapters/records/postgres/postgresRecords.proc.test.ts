// The PostgreSQL records against what a network and a server do: connections that end anywhere, also between a commit and its answer,
// restarts, two services that start at once, a database that is not there.
import assert from "node:assert/strict";
import { connect, createServer, type Server, type Socket } from "node:net";
import { after, before, describe, it } from "node:test";
import { isMalachiteError, type Scope } from "@malachite/core";
import {
  type PostgresUnderTest,
  startPostgres,
  withoutPostgres,
} from "../../../../conformance/postgresServer.ts";
import { create, entryOf, freshScope, newRun } from "../../../../conformance/recordsUnderTest.ts";
import { parseAddress } from "./address.ts";
import { openPostgresRecords, type PostgresRecords } from "./postgresRecords.ts";
import { Session } from "./session.ts";

const missing = withoutPostgres();

const isRefused = (code: string, says: RegExp) => (error: unknown) => {
  assert.ok(isMalachiteError(error), String(error));
  assert.equal(error.code, code);
  assert.match(error.message, says);
  return true;
};

describe("the PostgreSQL records over a network", { skip: missing ?? false }, () => {
  let server: PostgresUnderTest;
  const opened: PostgresRecords[] = [];
  before(async () => {
    server = await startPostgres();
  });
  after(async () => {
    for (const records of opened) await records.close();
    await server[Symbol.asyncDispose]();
  });
  const open = async (url: string, more: { startMs?: number; password?: string } = {}) => {
    const records = await openPostgresRecords({ url, ...more });
    opened.push(records);
    return records;
  };
  const admin = (url: string) => Session.open(parseAddress(url), "write", 10_000);

  /** What must be true of the runs of an experiment whatever has happened to the connections: each is there once, whole. */
  async function assertWhole(records: PostgresRecords, scope: Scope, ids: readonly string[]) {
    const { values } = await records.runs.list({ scope, limit: 1_000 });
    assert.deepEqual(values.map(({ id }) => id).sort(), [...ids].sort());
    assert.deepEqual(
      values.map(({ number }) => number).sort((a, b) => a - b),
      ids.map((_, i) => i + 1),
    );
    const { count } = await records.tables.count({ scope });
    assert.equal(count, ids.length);
    for (const id of ids) assert.equal((await records.runs.story(scope, id)).length, 1);
  }

  it("are made once by services that start at the same time", async () => {
    const url = server.freshUrl();
    const all = await Promise.all([open(url), open(url), open(url)]);
    const scope = freshScope();
    await Promise.all(all.map((records, i) => create(records.runs, newRun(scope, `r${i}`))));
    await assertWhole(all[0] as PostgresRecords, scope, ["r0", "r1", "r2"]);
  });

  it("take the writes of several services in turn", async () => {
    const url = server.freshUrl();
    const all = await Promise.all([open(url), open(url)]);
    const scope = freshScope();
    const ids = Array.from({ length: 60 }, (_, i) => `r${i}`);
    await Promise.all(ids.map((id, i) => create((all[i % 2] as PostgresRecords).runs, newRun(scope, id))));
    await assertWhole(all[1] as PostgresRecords, scope, ids);
    const changes = await (all[0] as PostgresRecords).tables.changesAfter(scope, 0, 100, 100);
    assert.deepEqual(
      changes.changes.map(({ no }) => no),
      ids.map((_, i) => i + 1),
    );
  });

  it("harm no write by another that is refused, whether it has written before or not", async () => {
    const records = await open(server.freshUrl());
    const scope = freshScope();
    const post = (value: string) =>
      records.tracking.log(scope, "a", { params: { fresh: "1", taken: value } });
    await create(records.runs, newRun(scope, "a"));
    await records.tracking.log(scope, "a", { params: { taken: "0" } });
    const results = await Promise.allSettled([
      create(records.runs, newRun(scope, "b")),
      // Has written `fresh` when it is refused for `taken`.
      post("other"),
      create(records.runs, newRun(scope, "a", { fingerprint: "another" })),
      create(records.runs, newRun(scope, "c")),
    ]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ["fulfilled", "rejected", "rejected", "fulfilled"],
    );
    const log = (await records.tracking.logs(scope, ["a"])).get("a");
    assert.deepEqual(log?.params, { taken: "0" });
    await assertWhole(records, scope, ["a", "b", "c"]);
  });

  it("hold every text and number as it was", async () => {
    const records = await open(server.freshUrl());
    const scope = freshScope();
    const odd = "a\0b\\u0000\uE000\uE002 \\\\u0000 é💡 \ud83d";
    const run = newRun(scope, "odd", {
      about: { tags: { [odd]: odd, plain: "x" }, properties: {}, warnings: [], displayName: "n\0ame" },
      sent: { [odd]: [odd] },
    });
    await create(records.runs, run);
    const found = await records.runs.get(scope, "odd");
    assert.deepEqual(found?.about, run.about);
    assert.deepEqual(found?.sent, run.sent);
    const eq = (key: string, value: string) =>
      records.runs.list({
        scope,
        limit: 5,
        filter: { op: "eq", field: { of: "tags", key }, literal: { value } },
      });
    assert.equal((await eq("plain", "x")).values.length, 1);
    const rows = [Number.POSITIVE_INFINITY, Number.NaN, -1e-310, Number.NEGATIVE_INFINITY, 0.1].map(
      (value, i) => ({
        createdAt: i + 0.25,
        data: { loss: value },
      }),
    );
    await records.metrics.add(scope, "odd", [{ name: "loss", columns: { loss: "double" }, rows }]);
    const read = await records.metrics.rows(scope, "odd", { name: "loss" }, { limit: 10 });
    assert.deepEqual(read.values, rows);
  });

  it("come back after each connection was ended, and after a restart of the server", async () => {
    const url = server.freshUrl();
    const records = await open(url);
    const scope = freshScope();
    const ids = Array.from({ length: 10 }, (_, i) => `r${i}`);
    const other = await admin(url);
    const end = () =>
      other.simple(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'malachite' and pid <> pg_backend_pid() and query not like '%pg_terminate%'",
      );
    for (const [i, id] of ids.entries()) {
      const ending = i % 2 === 0 ? end() : undefined;
      await create(records.runs, newRun(scope, id));
      await ending;
      assert.equal((await records.runs.get(scope, id))?.id, id);
    }
    await other.close();
    await assertWhole(records, scope, ids);
    if (!server.control) return;
    await server.control.stop();
    const pending = create(records.runs, newRun(scope, "meanwhile"));
    const reading = records.runs.get(scope, "r0");
    await server.control.start();
    await pending;
    await reading;
    await assertWhole(records, scope, [...ids, "meanwhile"]);
  });

  it("do a write once, whether the connection ends before the commit or before its answer", async () => {
    const url = server.freshUrl();
    await using proxy = await startProxy(url);
    const records = await open(proxy.url);
    const scope = freshScope();
    const ids: string[] = [];
    for (const cut of ["before", "after", "after", "before"] as const) {
      proxy.cutNext(cut);
      const id = `${cut}-${ids.length}`;
      ids.push(id);
      const run = await create(records.runs, newRun(scope, id));
      assert.equal(run.number, ids.length);
    }
    assert.equal(proxy.cuts(), 4);
    await assertWhole(records, scope, ids);
    await records.close();
  });

  it("say that the database is away, to who asks and at the start, and show no password", async () => {
    const address = new URL(server.url);
    const gone = new URL(server.url);
    gone.port = "1";
    await assert.rejects(
      openPostgresRecords({ url: String(gone), startMs: 300 }),
      isRefused(
        "DatabaseUnavailable",
        /postgres:\/\/malachite@127\.0\.0\.1:1\/.* does not answer \(.*ECONNREFUSED.*\)\. It was asked for .* start again when/,
      ),
    );
    address.password = "mistaken";
    await assert.rejects(openPostgresRecords({ url: String(address) }), (error: Error) => {
      assert.match(error.message, /password authentication failed/);
      assert.ok(!error.message.includes("mistaken"));
      return true;
    });
    assert.ok(!/by itself|Ask again/.test((await endedAtOnce(String(address))).message));
    address.password = "";
    const { password } = new URL(server.url);
    await (await open(`${String(address)}?schema=by_password_${process.pid}`, { password })).close();
  });

  /** What a start says that no waiting helps; nothing is noted, since that is told. */
  async function endedAtOnce(url: string): Promise<Error> {
    const notes: string[] = [];
    const begun = Date.now();
    try {
      await openPostgresRecords({ url, note: (text) => notes.push(text) });
    } catch (error) {
      assert.ok(Date.now() - begun < 30_000, "a start waits a minute for what may come");
      assert.deepEqual(notes, []);
      return error as Error;
    }
    return assert.fail("it was opened");
  }

  it("end a start at once where no waiting helps, saying what to do", async () => {
    const url = new URL(server.url);
    url.password = "";
    assert.match(
      (await endedAtOnce(String(url))).message,
      /cannot be used \(it asks for a password, and none is given\).*--database-password-file/,
    );
    // The engine of tests has no certificate.
    assert.match(
      (await endedAtOnce(`${server.url}?sslmode=verify-full`)).message,
      /cannot be used \(.*(SSL|certificate).*\).*sslmode and sslrootcert/,
    );
    assert.match(
      (await endedAtOnce(server.url.replace(/[^/]*$/, "nowhere"))).message,
      /cannot be used \(database "nowhere" does not exist\)\. Check --database\./,
    );
    const other = await admin(server.url);
    const latin = `latin_${process.pid}`;
    const how = "encoding 'LATIN1' lc_collate 'C' lc_ctype 'C' template template0";
    await other.simple(`create database ${latin} ${how}`);
    try {
      assert.match(
        (await endedAtOnce(server.url.replace(/[^/]*$/, latin))).message,
        /cannot be used \(the encoding of the database must be UTF8; it is LATIN1/,
      );
    } finally {
      await other.simple(`drop database ${latin}`);
      await other.close();
    }
  });

  it("are not touched when a newer program wrote them", async () => {
    const url = server.freshUrl();
    await (await open(url)).close();
    const other = await admin(url);
    await other.simple("insert into schema_migrations values (9999, 'tomorrow', 1)");
    await other.close();
    await assert.rejects(
      openPostgresRecords({ url }),
      isRefused("StorageFailed", /newer Malachite \(schema 9999/),
    );
  });

  it("answers the fault of who asked as that", async () => {
    const records = await open(server.freshUrl());
    const scope = freshScope();
    for (const id of ["a", "b", "c"]) await records.runs.create(newRun(scope, id), entryOf("submitted"));
    const { next = "" } = await records.runs.list({ scope, limit: 1 });
    const place = JSON.parse(Buffer.from(next, "base64url").toString()) as unknown[];
    const forged = Buffer.from(JSON.stringify([...place.slice(0, 2), "x", 1])).toString("base64url");
    await assert.rejects(
      records.runs.list({ scope, limit: 1, after: forged }),
      isRefused("InvalidRequest", /not of the kind/),
    );
  });
});

/** A network that ends the connection at a commit: before it reaches the server, or after the server has answered it. */
async function startProxy(url: string) {
  const target = new URL(url);
  let next: "before" | "after" | undefined;
  let cuts = 0;
  const open = new Set<Socket>();
  const proxy: Server = createServer((client) => {
    const far = connect(Number(target.port), target.hostname);
    for (const socket of [client, far]) {
      open.add(socket);
      socket.on("error", () => {}).on("close", () => open.delete(socket));
    }
    let commit = "";
    let isSwallowing = false;
    const end = () => {
      cuts += 1;
      client.destroy();
      far.destroy();
    };
    client.on("data", (chunk) => {
      const text = chunk.toString("latin1");
      commit = /(m\d+)\0commit\0/.exec(text)?.[1] ?? commit;
      const isCommit = commit !== "" && text.includes(`\0${commit}\0`) && next !== undefined;
      if (isCommit && next === "before") {
        next = undefined;
        end();
        return;
      }
      if (isCommit) {
        next = undefined;
        isSwallowing = true;
      }
      far.write(chunk);
    });
    far.on("data", (chunk) => (isSwallowing ? end() : client.write(chunk)));
    far.on("end", () => client.end());
    client.on("end", () => far.end());
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const near = new URL(url);
  near.port = String((proxy.address() as { port: number }).port);
  return {
    url: String(near),
    cutNext: (how: "before" | "after") => {
      next = how;
    },
    cuts: () => cuts,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
}
