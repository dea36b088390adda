// Names, queries and bodies that nobody expects, at every address of the contract: each is answered or refused in the words of
// its address, none is a fault of the service, and the service stays quick meanwhile.
import assert from "node:assert/strict";
import { after, before, describe, it, type TestContext } from "node:test";
import { type Place, places, replaced } from "../support/addresses.ts";
import { ask, assertTold, HealthWatch, raw } from "../support/hostile.ts";
import { Service, WORKSPACE, workspacePath } from "../support/service.ts";

const RUN = "known";
const KNOWN: Readonly<Record<string, string>> = {
  subscriptionId: WORKSPACE.subscriptionId,
  resourceGroupName: WORKSPACE.resourceGroup,
  workspaceName: WORKSPACE.workspace,
  experimentName: "e",
  runId: RUN,
  origin: "ExperimentRun",
  container: `dcid.${RUN}`,
  snapshotId: "00000000-0000-4000-8000-000000000000",
};
const IDS = [
  "%2F",
  "%2f..%2f..%2fetc%2fpasswd",
  "..",
  "%2E%2E",
  "%252e%252e%252f",
  "%252F",
  ";",
  ";a=b",
  "%3B",
  "%23",
  "%2523",
  "%00",
  "%ff",
  "%E2%80%AE",
  "%F0%9F%92%A9",
  "%0d%0aX:%20y",
  "'",
  "%22",
  "%5C..%5C",
  "a".repeat(300),
  "a".repeat(5000),
  "%20",
  "__proto__",
  "%7B%7D",
  ":",
  "%25",
];
const VALUES = [...IDS, "", "0", "-1", "1e999", "99999999999999999999", "null", "true"];
const BODIES = ["null", "1", '"x"', "[]", "{}", "[null]", '{"a":', '{"__proto__":{"a":1}}', "", "\ud800"];
const WRONG = [
  null,
  -1,
  1e308,
  "1e999",
  true,
  "",
  "\u0000",
  "\ud800",
  [],
  {},
  [null],
  [[1]],
  { a: { b: 1 } },
];
/** Would take away what the others need; a service that is drained ends. */
const LEFT_OUT = /^(Workspaces_Delete|DataStores_DeleteAll|Experiments_Delete$|Malachite_ChangeService)/;
const IN_WORKSPACE = ["subscriptionId", "resourceGroupName", "workspaceName"];

describe("what nobody expects", { timeout: 600_000 }, () => {
  let service: Service;
  let watch: HealthWatch;
  const all = places().filter(({ id }) => !LEFT_OUT.test(id));
  before(async () => {
    service = await Service.start();
    await service.json("PATCH", `/history/v1.0${workspacePath}/experiments/e/runs/${RUN}`, {});
    watch = new HealthWatch(service);
  });
  after(() => service[Symbol.asyncDispose]());

  const address = ({ path }: Place, over: Readonly<Record<string, string>> = {}) =>
    path.replace(/\{(\w+)\}/g, (_, name: string) => over[name] ?? KNOWN[name] ?? "x");
  async function tryAll(t: TestContext, asks: Iterable<readonly [Place, string, string | undefined]>) {
    let count = 0;
    const queue = asks[Symbol.iterator]();
    const work = async () => {
      for (let next = queue.next(); !next.done; next = queue.next()) {
        const [{ method }, path, body] = next.value;
        count += 1;
        const about = `${method} ${path.slice(0, 400)} ${body?.slice(0, 300) ?? ""}`;
        assertTold(about, path, await ask(service, method, path, body));
      }
    };
    await Promise.all([work(), work(), work()]);
    t.diagnostic(`${count} requests`);
  }
  const textOf = (body: unknown) => (body === undefined ? undefined : JSON.stringify(body));

  it("in a name of an address", async (t) => {
    function* asks() {
      const seen = new Set<string>();
      for (const place of all) {
        // The names of the workspace are read at one place for all of an API.
        const api = place.path.split("/")[1] ?? "";
        const names = seen.has(api)
          ? place.params.filter((name) => !IN_WORKSPACE.includes(name))
          : place.params;
        seen.add(api);
        for (const name of names)
          for (const id of IDS) yield [place, address(place, { [name]: id }), textOf(place.body)] as const;
      }
    }
    await tryAll(t, asks());
  });

  it("in a query", async (t) => {
    function* asks() {
      for (const place of all)
        for (const name of place.queries)
          for (const value of [...VALUES, `a&${name}=b`])
            yield [place, `${address(place)}?${name}=${value}`, textOf(place.body)] as const;
    }
    await tryAll(t, asks());
  });

  it("as a body, and as anything in a body", async (t) => {
    function* asks() {
      for (const place of all) {
        if (place.body === undefined) continue;
        for (const body of BODIES) yield [place, address(place), body] as const;
        let most = 400;
        for (const body of replaced(place.body, WRONG)) {
          if (most-- === 0) break;
          yield [place, address(place), JSON.stringify(body)] as const;
        }
      }
    }
    await tryAll(t, asks());
  });

  it("as headers", async () => {
    const run = `/history/v1.0${workspacePath}/runs/${RUN}`;
    const get = (headers: Record<string, string>) => ask(service, "GET", run, undefined, headers);
    assert.equal((await get({ "x-large": "a".repeat(60_000) })).status, 200);
    const start = `GET ${run} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer dev\r\n`;
    for (const large of [
      `${start}X-Large: ${"a".repeat(70_000)}\r\n\r\n`,
      `${start}${"X-Many: a\r\n".repeat(20_000)}\r\n`,
      `GET /${"a".repeat(100_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
    ])
      assert.match(await raw(service, large), /^HTTP\/1\.1 431 .*"error"/s);
    for (const broken of [
      `${start}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`,
      `${start}Content-Length: -1\r\n\r\n`,
      `${start}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n`,
      `${start} folded: x\r\n\r\n`,
      `${start}X\u0000: x\r\n\r\n`,
      "nonsense\r\n\r\n",
    ])
      assert.match(await raw(service, broken), /^HTTP\/1\.1 400 .*"error"/s, broken.slice(-60));
    for (const [name, value] of [
      ["authorization", `Bearer ${"a".repeat(50_000)}`],
      ["authorization", "Bearer a.b.c.d.e"],
      ["range", "bytes=9-1"],
      ["if-match", '"'.repeat(1000)],
      ["content-type", "application/json; charset=nonsense"],
      ["accept-encoding", "%00"],
      ["x-ms-client-request-id", "é\t".repeat(500)],
    ] as const)
      assertTold(name, run, await get({ [name]: Buffer.from(value).toString("latin1") }));
  });

  it("leaves the service quick", async (t) => {
    t.diagnostic(await watch.end());
    assert.ok((await service.call("GET", `/history/v1.0${workspacePath}/runs/${RUN}`)).ok);
  });
});
