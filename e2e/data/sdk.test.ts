// Data of runs as users of the v1 SDK have it brought and sent, against the workspace's own datastores and a real Azurite. What is
// done and asserted is in flows.py.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { type AzureServer, startAzurite, withoutMounts } from "@malachite/server/conformance";
import { installed } from "../clients/install.ts";
import { entryOf } from "../clients/matrix.ts";
import { clientEnvironment } from "../clients/runFlows.ts";
import { Service } from "../support/service.ts";
import { orSkip } from "../support/tools.ts";
import { putTexts } from "./texts.ts";

const FLOWS = fileURLToPath(new URL("./flows.py", import.meta.url));

describe("data of runs with the v1 SDK", { timeout: 600_000 }, () => {
  const opened = new AsyncDisposableStack();
  let python: string | undefined;
  let env: Record<string, string> = {};
  let service: Service;
  let noMounts: string | undefined;
  before(async (t) => {
    python = orSkip(t as never, () => installed(entryOf("azureml-core-1.61")));
    noMounts = await withoutMounts();
    const azure: AzureServer = opened.use(await startAzurite());
    await putTexts(azure, "texts-of-users");
    const web = createServer((_, answer) => answer.end("from the web")).listen(0, "127.0.0.1");
    opened.defer(() => void web.close());
    await once(web, "listening");
    const page = `127.0.0.1:${(web.address() as AddressInfo).port}`;
    const home = mkdtempSync(join(tmpdir(), "malachite-data-"));
    opened.defer(() => rmSync(home, { recursive: true, force: true }));
    mkdirSync(join(home, "home"));
    service = opened.use(
      await Service.start({
        flags: [
          "--target",
          "cpu-cluster=process",
          "--runs-at-once",
          "4",
          "--allow-data-host",
          azure.host,
          "--allow-data-host",
          page,
        ],
      }),
    );
    env = {
      ...(await clientEnvironment(service, join(home, "home"), [])),
      DATA_ACCOUNT: azure.account,
      DATA_KEY: azure.key,
      DATA_ENDPOINT: azure.endpoint,
      DATA_CONTAINER: "texts-of-users",
      DATA_URI: `http://${page}/page.html?sig=secret`,
    };
  });
  after(() => opened.disposeAsync());

  for (const [flow, title] of [
    ["download", "as_download brings a folder, with odd names, where Azure ML puts it"],
    ["download_of_a_file", "as_download of one file lays it at its path"],
    ["mount", "as_mount shows the datastore itself: what the run writes there are blobs"],
    ["azure_mount", "as_mount of a registered Azure container: what the run writes there are blobs"],
    ["upload", "as_upload sends a folder of the project when the script has ended, and no link's target"],
    ["upload_after_a_failure", "as_upload sends after a failed script too, replaces nothing, and says so"],
    ["outputs", "OutputFileDatasetConfig sends what fits its globs, and mounts where it names no place"],
    ["inputs", "data brings a path of a datastore and a file of the web"],
    ["azure", "a registered Azure container is read and written; a wrong key fails the run and is not shown"],
    ["example", "examples/data does what its README says"],
    ["refusals", "what cannot be had is refused before a run is made, by its property"],
  ] as const)
    it(title, async (t) => {
      if (python === undefined) return t.skip("azureml-core is not installed");
      if (flow === "azure_mount" && noMounts !== undefined) return t.skip(noMounts);
      const child = spawn(python, ["-W", "ignore", FLOWS, flow], {
        cwd: env.HOME,
        env: { ...env, PYTHONUNBUFFERED: "1", PYTHONDONTWRITEBYTECODE: "1" },
      });
      let said = "";
      for (const stream of [child.stdout, child.stderr])
        stream.on("data", (chunk) => {
          said = (said + chunk).slice(-12_000);
        });
      const [code] = await once(child, "close");
      assert.equal(code, 0, `${said}\n${service.output.slice(-3000)}`);
    });
});
