// Azure's own storage client, unmodified, against the blob surface; what it asserts is in drive.py.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import { Service } from "../support/service.ts";
import { orSkip, pythonWith } from "../support/tools.ts";

const DRIVE = fileURLToPath(new URL("./drive.py", import.meta.url));

it("azure-storage-blob puts, stages, appends, reads, lists and is refused", async (t) => {
  const python = orSkip(t, () => pythonWith("azure-storage-blob", ["azure-storage-blob==12.27.1"]));
  if (python === undefined) return;
  await using service = await Service.start();
  const child = spawn(python, [DRIVE, service.url], {
    env: { PATH: process.env.PATH, PYTHONDONTWRITEBYTECODE: "1" },
    timeout: 600_000,
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (said += chunk));
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`drive.py ended with ${code}:\n${said}`);
  t.diagnostic(said.trim());
});
