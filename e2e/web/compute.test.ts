// Compute targets and their lines: what is shown of them, live, by keys, and in the same words as on the command line.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Home } from "../support/cli.ts";
import { cancel, reached, submit } from "../support/runs.ts";
import { Service } from "../support/service.ts";
import { assertAccessible } from "./axe.ts";
import { assertFits, browser, LOOKS, noBrowser, openPage } from "./pages.ts";

/** Ends when the file is there. */
const WAIT = `
import os, sys, time
while not os.path.exists(sys.argv[1]): time.sleep(0.05)
`;
const HOSTILE = "<img src=x onerror=alert(1)>";

describe("the pages of compute targets", { skip: noBrowser, timeout: 600_000 }, () => {
  let service: Service;
  let folder = "";
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "malachite-compute-"));
    service = await Service.start({
      flags: ["--gpus", "2", "--runs-at-once", "2", "--target", "cpu-cluster=process"],
    });
    const start = (runId: string, gpus: string, more: Record<string, unknown> = {}) =>
      submit(service, {
        files: { "main.py": WAIT },
        runId,
        configuration: {
          arguments: [join(folder, "go")],
          environmentVariables: { CUDA_VISIBLE_DEVICES: gpus },
          ...more,
        },
      });
    await start("holds-gpu", "0");
    await start("holds-place", "-1");
    for (const runId of ["holds-gpu", "holds-place"]) await reached(service, runId, "Running");
    await start("low", "-1", { priority: -5, jobName: HOSTILE });
    await start("usual", "-1", { target: "cpu-cluster" });
    await start("high", "0,1", { priority: 7 });
  });
  after(async () => {
    writeFileSync(join(folder, "go"), "");
    await service[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  it("look right, can be read by everybody and have nothing that an empty page would lack", async () => {
    await using opened = await browser();
    for (const look of LOOKS) {
      const { page, calm } = await openPage(opened, look);
      await page.goto(`${service.url}/ui/compute`);
      const card = page.getByRole("region", { name: "local, cpu-cluster" });
      await card.getByText("2 of 2 taken").waitFor();
      await card.getByText("1 of 2 taken").waitFor();
      await card.getByRole("link", { name: "The line of 3 runs" }).waitFor();
      await page.getByText("Add a target").click();
      await page.getByText("malachite up --target cpu-cluster=process").waitFor();
      const wide = await page
        .locator("details > div > div")
        .evaluateAll(
          (ways) =>
            ways.filter((way) =>
              [...way.children].some(
                (part) => part.getBoundingClientRect().right > way.getBoundingClientRect().right + 1,
              ),
            ).length,
        );
      assert.equal(wide, 0, "a way to add a target lies over the next");
      await assertAccessible(page, `compute, ${look.name}`);
      await assertFits(page);
      await page.goto(`${service.url}/ui/compute/local?why=low`);
      await page.getByRole("region", { name: "Why it waits" }).waitFor();
      await page.getByText(HOSTILE).first().waitFor();
      await assertAccessible(page, `target, ${look.name}`);
      await assertFits(page);
      calm();
      await page.context().close();
    }
  });

  it("add a target that is there at once, with the reason where it is not usable", async () => {
    await using opened = await browser();
    const { page } = await openPage(opened);
    await page.goto(`${service.url}/ui/compute`);
    await page.getByText("Add a target").click();
    const form = page.getByRole("form", { name: "Add a target" });
    await form.getByLabel("Name", { exact: true }).fill("night");
    await form.getByLabel("Options").fill("runsAtOnce=3");
    await form.getByRole("button", { name: "Add" }).click();
    await form.getByText("night (process) is there, and usable.").waitFor();
    await page.getByRole("region", { name: "night" }).getByText("0 of 3 taken").waitFor();
    await form.getByLabel("Options").fill("memoryMiB=0.5");
    await form.getByRole("button", { name: "Add" }).click();
    await form.getByText(/has a target 'night' already/).waitFor();
    await form.getByLabel("In place of").check();
    await form.getByRole("button", { name: "Add" }).click();
    await form.getByText(/not usable: Option memoryMiB/).waitFor();
    await form.getByLabel("Options").fill("partition");
    await form.getByText("An option is NAME=VALUE, one a line; 'partition' is none.").waitFor();
    assert.ok(await form.getByRole("button", { name: "Add" }).isDisabled());
  });

  it("tell why a run waits in the words of the command line, and lead to the runs in its way", async () => {
    await using opened = await browser();
    const { page, calm } = await openPage(opened);
    await using home = new Home();
    home.env = { MALACHITE_ENDPOINT: service.url };
    for (const runId of ["high", "usual", "low"]) {
      await page.goto(`${service.url}/ui/compute/local?why=${runId}`);
      const panel = page.getByRole("region", { name: "Why it waits" });
      await panel.waitFor();
      const told = (await home.run("why", runId)).stdout.replace(/\s+/g, " ");
      for (const text of await panel.locator("li > p:first-child").allInnerTexts())
        assert.ok(told.includes(text.replace(/\s+/g, " ").trim()), `${text}\n${told}`);
      await panel.getByRole("link", { name: "holds-place" }).first().waitFor();
    }
    calm();
  });

  it("are walked through by keys, change when a run ends, and cancel one that waits", async () => {
    await using opened = await browser();
    const { page, calm } = await openPage(opened);
    await page.goto(`${service.url}/ui/compute/local`);
    const line = page.getByRole("list", { name: "The line" });
    const names = () => line.locator("li > div:first-child a").allInnerTexts();
    await line.getByRole("link", { name: "usual" }).waitFor();
    assert.deepEqual(await names(), ["high", "usual", HOSTILE]);
    await line.getByRole("button", { name: /^Why high waits/ }).focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await line.getByRole("region", { name: "Why it waits" }).waitFor();
    assert.match(page.url(), /why=usual/);
    await page.keyboard.press("End");
    assert.match(
      (await page.evaluate(() => document.activeElement?.getAttribute("aria-label"))) ?? "",
      /^Why <img/,
    );

    // What high still lacks is kept for it; a place is not, once there is one.
    await cancel(service, "holds-gpu");
    await page.getByRole("list", { name: "Runs at work" }).getByRole("link", { name: "high" }).waitFor();
    await page
      .getByRole("list", { name: "GPUs by number" })
      .getByRole("link", { name: "high" })
      .nth(1)
      .waitFor();
    assert.deepEqual(await names(), ["usual", HOSTILE]);

    await line.getByRole("button", { name: `Cancel ${HOSTILE}` }).click();
    await page.getByRole("button", { name: "Cancel the run" }).click();
    await line.getByRole("link", { name: HOSTILE }).waitFor({ state: "detached" });
    assert.deepEqual(await names(), ["usual"]);
    calm();
  });

  it("of a target that is idle or not there say what to do", async () => {
    await using idle = await Service.start();
    await using opened = await browser();
    const { page } = await openPage(opened);
    await page.goto(`${idle.url}/ui/compute`);
    await page.getByText("malachite target add lab slurm partition=gpu").waitFor();
    await page.getByRole("link", { name: "local" }).click();
    await page.getByText("malachite submit --target local").waitFor();
    await page.goto(`${idle.url}/ui/compute/nowhere`);
    await page.getByText("There is no compute target 'nowhere'.").waitFor();
  });
});
