import assert from "node:assert/strict";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { test } from "node:test";
import { createClusters } from "./clusters.ts";

test("a machine without any kubeconfig says so, and what to give", async () => {
  const home = mkdtempSync(join(tmpdir(), "malachite-kubeconfig-"));
  const { HOME, KUBECONFIG } = process.env;
  using clusters = createClusters(process.env);
  try {
    process.env.HOME = home;
    delete process.env.KUBECONFIG;
    await assert.rejects(clusters.at({}), {
      code: "EngineUnavailable",
      message: /^There is no kubeconfig: .* option kubeconfig\.$/,
    });
    await assert.rejects(clusters.at({ kubeconfig: join(home, "none") }), /none/);
  } finally {
    if (HOME === undefined) delete process.env.HOME;
    else process.env.HOME = HOME;
    if (KUBECONFIG !== undefined) process.env.KUBECONFIG = KUBECONFIG;
    rmSync(home, { recursive: true });
  }
});

const of = (server: string, token: string, current = "lab") => ({
  ...{ apiVersion: "v1", kind: "Config", "current-context": current },
  clusters: [{ name: "lab", cluster: { server, "insecure-skip-tls-verify": true } }],
  users: [{ name: "we", user: { token } }],
  contexts: [
    { name: "lab", context: { cluster: "lab", user: "we", namespace: "ml" } },
    { name: "other", context: { cluster: "lab", user: "we", namespace: "elsewhere" } },
  ],
});

test("a kubeconfig that has changed is read anew, and one that has not is read once", async () => {
  const folder = mkdtempSync(join(tmpdir(), "malachite-kubeconfig-"));
  const kubeconfig = join(folder, "config");
  const tokens: (string | undefined)[] = [];
  const server = createServer(({ headers }, response) => {
    tokens.push(headers.authorization);
    response.end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const write = (config: object) => {
    writeFileSync(`${kubeconfig}.new`, JSON.stringify(config));
    renameSync(`${kubeconfig}.new`, kubeconfig);
  };
  using clusters = createClusters({});
  const ask = async () => {
    const cluster = await clusters.at({ kubeconfig });
    await cluster.ask("GET", "/version", {}, new AbortController().signal);
    return cluster;
  };
  try {
    write(of(url, "first"));
    const first = await ask();
    assert.equal(await ask(), first);
    write(of(url, "second"));
    assert.notEqual(await ask(), first);
    assert.deepEqual(tokens, ["Bearer first", "Bearer first", "Bearer second"]);
    // Whoever works with another context now has not moved the runs there.
    write(of(url, "third", "other"));
    assert.equal((await ask()).namespace, "ml");
    write({
      ...of(url, "third", "new"),
      contexts: [{ name: "new", context: { cluster: "lab", user: "we" } }],
    });
    await assert.rejects(ask(), /The context 'lab', .* is there no more\. .*option context/);
    writeFileSync(kubeconfig, "{");
    await assert.rejects(ask(), { code: "EngineUnavailable", message: /config cannot be read/ });
    rmSync(kubeconfig);
    await assert.rejects(ask(), { code: "EngineUnavailable", message: /config cannot be read/ });
    write(of(url, "fourth"));
    await ask();
    assert.equal(tokens.at(-1), "Bearer fourth");
  } finally {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  }
});

test("so is one of the service's user", async () => {
  const HOME = mkdtempSync(join(tmpdir(), "malachite-kubeconfig-"));
  const files = [join(HOME, "a"), join(HOME, "b")];
  const { KUBECONFIG } = process.env;
  try {
    for (const file of files) writeFileSync(file, JSON.stringify({ apiVersion: "v1", kind: "Config" }));
    process.env.KUBECONFIG = files.join(delimiter);
    using clusters = createClusters(process.env);
    await assert.rejects(clusters.at({}), /names no cluster/);
    writeFileSync(files[1] as string, JSON.stringify(of("https://192.0.2.1", "x")));
    writeFileSync(
      files[0] as string,
      JSON.stringify({ apiVersion: "v1", kind: "Config", "current-context": "lab" }),
    );
    assert.equal((await clusters.at({})).server, "https://192.0.2.1");
    writeFileSync(files[1] as string, JSON.stringify(of("https://192.0.2.22", "x")));
    assert.equal((await clusters.at({})).server, "https://192.0.2.22");
  } finally {
    if (KUBECONFIG === undefined) delete process.env.KUBECONFIG;
    else process.env.KUBECONFIG = KUBECONFIG;
    rmSync(HOME, { recursive: true });
  }
});
