// A run that was asked to end and does not, let go of on its page by an operator.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { cancel, processesOf, reached, submit } from "../support/runs.ts";
import { Service, until } from "../support/service.ts";
import { assertAccessible } from "./axe.ts";
import { assertFits, browser, LOOKS, noBrowser, openPage } from "./pages.ts";

/** Ends when the file is there, whatever it is asked. */
const DEAF = `
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
while not os.path.exists(sys.argv[1]): time.sleep(0.05)
`;

describe("a run that does not end", { skip: noBrowser, timeout: 600_000 }, () => {
  it("is let go of on its page, by an operator, once it was asked to end", async () => {
    const folder = mkdtempSync(join(tmpdir(), "malachite-deaf-"));
    const go = join(folder, "go");
    try {
      await using service = await Service.start({ flags: ["--grace-seconds", "600", "--runs-at-once", "2"] });
      await using opened = await browser();
      const ids = LOOKS.map((_, at) => `deaf-${at}`);
      for (const runId of ids)
        await submit(service, { files: { "main.py": DEAF }, runId, configuration: { arguments: [go] } });
      for (const [at, look] of LOOKS.entries()) {
        const runId = `deaf-${at}`;
        await reached(service, runId, "Running");
        const { page, calm } = await openPage(opened, look);
        await page.goto(`${service.url}/ui/runs/${runId}`);
        const more = page.getByRole("button", { name: "More to do with this run" });
        await more.click();
        await page.getByRole("menuitem", { name: "Compare" }).waitFor();
        assert.equal(await page.getByRole("menuitem", { name: "Let go of it…" }).count(), 0);
        await page.keyboard.press("Escape");
        await cancel(service, runId);
        await page.locator("header").getByText("CancelRequested", { exact: true }).waitFor();
        await more.click();
        await page.getByRole("menuitem", { name: "Let go of it…" }).click();
        const dialog = page.getByRole("dialog", { name: "Let go of this run?" });
        await dialog.getByLabel("Why").fill("The host has burnt.");
        await assertAccessible(page, `letting go, ${look.name}`);
        await assertFits(page);
        await dialog.getByRole("button", { name: "Let go of the run" }).click();
        await page.locator("header").getByText("Canceled", { exact: true }).waitFor();
        await page
          .getByText(/the machine was not asked.*The host has burnt\./)
          .first()
          .waitFor();
        calm();
        await page.context().close();
      }
      writeFileSync(go, "");
      await until("the scripts to end", () => ids.every((runId) => processesOf(runId).length === 0));
    } finally {
      writeFileSync(go, "");
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
