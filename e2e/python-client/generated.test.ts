// The generated Python client drives the real service; what it asserts is in drive.py.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import { python3 } from "../support/runs.ts";
import { Service, WORKSPACE } from "../support/service.ts";
import { orSkip } from "../support/tools.ts";
import { generatedClient } from "./generatedClient.ts";

const DRIVE = fileURLToPath(new URL("./drive.py", import.meta.url));

it("the generated Python client runs all four operations, and can read every refusal", async (t) => {
  const client = orSkip(t, generatedClient);
  if (client === undefined) return;
  await using service = await Service.start({ flags: ["--grace-seconds", "1"] });
  const { subscriptionId, resourceGroup, workspace } = WORKSPACE;
  const args = [DRIVE, service.url, subscriptionId, resourceGroup, workspace, python3()];
  const child = spawn(client.python, args, {
    env: { PATH: process.env.PATH, PYTHONPATH: client.folder, PYTHONDONTWRITEBYTECODE: "1" },
    timeout: 600_000,
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (said += chunk));
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`drive.py ended with ${code}:\n${said}`);
  t.diagnostic(said.trim());
});
