// The pages are sent to anybody, with headers under which nothing foreign runs; whatever is no file is an address inside them.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { type TestEdge, testEdge } from "./testing/edge.ts";

const HTML = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };

describe("pages", () => {
  let folder: string;
  let edge: TestEdge;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "malachite-pages-"));
    await mkdir(join(folder, "assets"));
    await writeFile(join(folder, "index.html"), "<!doctype html><title>pages</title>");
    await writeFile(join(folder, "secret.txt"), "not a page");
    await writeFile(join(folder, "assets/main-Ab1.js"), "let plain;");
    await writeFile(join(folder, "assets/main-Ab1.js.gz"), "gzip");
    edge = await testEdge({ webFolder: pathToFileURL(`${folder}/`) });
  });
  after(async () => {
    await edge[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });
  const get = (url: string, headers: Record<string, string> = {}) =>
    edge.app.inject({ method: "GET", url, headers });

  it("come without a token, at every address below /ui", async () => {
    for (const url of [
      "/ui",
      "/ui/",
      "/ui/runs/r_1?ws=a%2Fb%2Fc",
      "/ui/secret.txt",
      "/ui/..%2f..%2fpackage.json",
    ]) {
      const answer = await get(url);
      assert.equal(answer.statusCode, 200, url);
      assert.match(answer.body, /<title>pages/, url);
      assert.equal(answer.headers["cache-control"], "no-cache");
    }
  });

  it("let nothing run that is not theirs", async () => {
    const { headers } = await get("/ui/");
    const policy = String(headers["content-security-policy"]);
    for (const rule of [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "frame-ancestors 'none'",
    ])
      assert.ok(policy.split("; ").includes(rule), rule);
    assert.doesNotMatch(policy, /unsafe|https?:|\*/);
    assert.equal(headers["x-content-type-options"], "nosniff");
  });

  it("send assets for good, compressed where the browser takes that", async () => {
    const plain = await get("/ui/assets/main-Ab1.js");
    assert.equal(plain.body, "let plain;");
    assert.match(String(plain.headers["content-type"]), /javascript/);
    assert.match(String(plain.headers["cache-control"]), /immutable/);
    const compressed = await get("/ui/assets/main-Ab1.js", { "accept-encoding": "gzip" });
    assert.equal(compressed.headers["content-encoding"], "gzip");
    assert.equal(compressed.body, "gzip");
    assert.equal((await get("/ui/assets/gone-1.js")).statusCode, 404);
  });

  it("are where a browser is led that opens the bare address, or a link of another tool", async () => {
    const workspace =
      "/mlflow/v1.0/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w";
    for (const [from, to] of [
      ["/", "/ui/"],
      ["/runs/r_1?wsid=x", "/ui/runs/r_1?wsid=x"],
      [workspace, "/ui/?ws=s%2Fg%2Fw"],
    ] as const) {
      const answer = await get(from, HTML);
      assert.equal(answer.statusCode, 302, from);
      assert.equal(answer.headers.location, to);
      // A program that asks for no page is told what it always was.
      assert.equal((await get(from)).statusCode, 404, from);
    }
  });

  it("say how they are built where they are not", async () => {
    await using bare = await testEdge({ webFolder: pathToFileURL(join(folder, "assets/")) });
    const answer = await bare.app.inject({ method: "GET", url: "/ui/runs" });
    assert.equal(answer.statusCode, 503);
    assert.match(answer.body, /npm run build/);
  });
});
