// A new user: an empty service greets, the button runs the example, and what is copied runs too.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { Service, until } from "../support/service.ts";
import { assertAccessible } from "./axe.ts";
import { assertFits, browser, LOOKS, noBrowser, openPage } from "./pages.ts";

describe("an empty service", { skip: noBrowser }, () => {
  it("greets, and its button runs the example to its end", async () => {
    await using service = await Service.start();
    await using opened = await browser();
    for (const look of LOOKS) {
      const { page, calm } = await openPage(opened, look);
      await page.goto(service.url);
      await page.getByRole("heading", { name: "Submit a first run" }).waitFor();
      await assertAccessible(page, `start, ${look.name}`);
      await assertFits(page);
      calm();
      await page.context().close();
    }
    const { page, calm } = await openPage(opened);
    await page.goto(service.url);
    await page.getByRole("button", { name: "Run the example" }).click();
    await page.waitForURL(/\/ui\/runs\/train_/);
    await page.getByText("Completed").first().waitFor();
    calm();
  });

  it("shows a curl line that starts a run as it stands", async () => {
    await using service = await Service.start();
    await using opened = await browser();
    const { page } = await openPage(opened);
    await page.goto(`${service.url}/ui/start`);
    const code = await page
      .getByRole("region", { name: "curl", exact: true })
      .last()
      .locator("pre")
      .innerText();
    const folder = mkdtempSync(join(tmpdir(), "malachite-curl-"));
    const { stdout } = await promisify(execFile)("sh", ["-c", code], { cwd: folder });
    const { runId } = JSON.parse(stdout) as { runId: string };
    await page.goto(`${service.url}/ui/runs/${runId}`);
    await until("the run to be shown", async () => (await page.getByText(/Running|Completed/).count()) > 0);
    assert.match(runId, /^hello_/);
  });
});

describe("a service with a token of its own", { skip: noBrowser }, () => {
  it("asks for it, takes it from the address, and forgets it there", async () => {
    await using service = await Service.start({ flags: ["--token", "secret-of-mine"] });
    await using opened = await browser();
    const { page } = await openPage(opened);
    await page.goto(service.url);
    await page.getByLabel("Token").fill("wrong");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("alert").waitFor();
    await assertAccessible(page, "sign in");
    await page.getByLabel("Token").fill("secret-of-mine");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("navigation", { name: "Pages" }).waitFor();

    const other = await openPage(opened);
    await other.page.goto(`${service.url}/ui/#token=secret-of-mine`);
    await other.page.getByRole("navigation", { name: "Pages" }).waitFor();
    assert.ok(!other.page.url().includes("secret"));
    other.calm();
  });
});
