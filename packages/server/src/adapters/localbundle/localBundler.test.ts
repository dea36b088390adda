import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import type { LocalJob } from "@malachite/core";
import { AGENT_FILES } from "./agentFiles.ts";
import { createLocalBundler, type ZipEntry } from "./localBundler.ts";

const sample: LocalJob = {
  serviceUrl: "http://127.0.0.1:7464",
  scope: { subscriptionId: "s", resourceGroup: "rg", workspace: "ws" },
  experimentName: "e",
  runId: "r",
  dataContainerId: "dcid.r",
  token: "secret",
  tokenExpiresAt: 1,
  script: "a.py",
  arguments: ["'\n$(x)"],
  environmentVariables: {},
  outputCollection: true,
  besideProject: false,
  log: "user_logs/std_log.txt",
  directoriesToWatch: [],
};

async function packed(job: LocalJob, certificateAuthority?: string): Promise<ZipEntry[]> {
  let seen: ZipEntry[] = [];
  const bundler = createLocalBundler({
    certificateAuthority,
    async *writeZip(entries) {
      seen = [...entries];
      yield new Uint8Array();
    },
  });
  for await (const _ of bundler.pack(job));
  return seen;
}

test("every file of the agent is in the bundle, and no other", () => {
  const there = readdirSync(new URL("./files/", import.meta.url), { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile() && !file.parentPath.includes("__pycache__"))
    .map((file) => `${file.parentPath}/${file.name}`.replaceAll("\\", "/").replace(/^.*\/files\/+/, ""));
  assert.deepEqual(there.sort(), [...AGENT_FILES].sort());
});

test("values of the run are in job.json alone, and only those that are meant to", async () => {
  const job = { ...sample, somethingElse: "of a wider object" };
  const entries = await packed(job);
  const text = ({ bytes }: ZipEntry) => new TextDecoder().decode(bytes);
  const withSecret = entries.filter((entry) => text(entry).includes("secret"));
  assert.deepEqual(
    withSecret.map((entry) => [entry.path, entry.mode]),
    [["azureml-setup/job.json", 0o600]],
  );
  assert.deepEqual(JSON.parse(withSecret.map(text).join("")), sample);
});

test("each file ends its lines as its reader needs it", async () => {
  for (const { path, bytes } of await packed(sample)) {
    const text = new TextDecoder().decode(bytes);
    if (path.endsWith(".bat")) assert.ok(!/[^\r]\n/.test(text), path);
    else assert.ok(!text.includes("\r"), path);
  }
});

test("a certificate authority goes along when the service has its own", async () => {
  assert.ok(!(await packed(sample)).some(({ path }) => path.endsWith("ca.pem")));
  assert.ok((await packed(sample, "PEM")).some(({ path }) => path === "azureml-setup/ca.pem"));
});
