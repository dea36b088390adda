// The table of runs and the experiments, on real runs: found, filtered, sorted, chosen, changed; live; by mouse and by keys.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ended, submit } from "../support/runs.ts";
import { Service, until, workspacePath } from "../support/service.ts";
import { assertAccessible } from "./axe.ts";
import { assertFits, browser, LOOKS, noBrowser, openPage } from "./pages.ts";

const HOSTILE = `<img src=x onerror="document.title='owned'">`;
const QUICK = "import sys\nprint(sys.argv)\n";
const FAILS = "raise SystemExit(3)\n";
const SLEEPS = "import time\ntime.sleep(600)\n";

describe("the table of runs", { skip: noBrowser }, () => {
  let service: Service;
  let opened: Awaited<ReturnType<typeof browser>>;
  before(async () => {
    service = await Service.start({ flags: ["--runs-at-once", "1", "--grace-seconds", "1"] });
    opened = await browser();
    for (const [runId, script, experimentName] of [
      ["good_1", QUICK, "digits"],
      ["good_2", QUICK, "digits"],
      ["bad_1", FAILS, "letters"],
    ] as const)
      await ended(service, await submit(service, { files: { "main.py": script }, runId, experimentName }));
    await change("good_1", { displayName: HOSTILE, tags: { owner: HOSTILE } });
    for (const [runId, value] of [
      ["good_1", 0.5],
      ["good_2", 0.25],
    ] as const)
      await service.json("POST", `/mlflow/v2.0${workspacePath}/api/2.0/mlflow/runs/log-metric`, {
        run_id: runId,
        key: "loss",
        value,
        timestamp: Date.now(),
        step: 1,
      });
  });
  after(async () => {
    await opened?.close();
    await service?.[Symbol.asyncDispose]();
  });
  const change = (runId: string, body: unknown) =>
    service.call("PATCH", `/history/v1.0${workspacePath}/runs/${runId}`, body);
  const open = async (path: string, look = LOOKS[0] as (typeof LOOKS)[number]) => {
    const { page, calm } = await openPage(opened, look);
    await page.goto(`${service.url}/ui${path}`);
    const rows = page.getByRole("grid", { name: "Runs" }).getByRole("row");
    /** Ids of the rows, from the top; the head is a row too. */
    const names = async () => (await rows.locator("a[title]").all()).length;
    return { page, calm, rows, names };
  };

  it("shows what users wrote as text, at any width, in any light", async () => {
    for (const look of LOOKS) {
      const { page, calm } = await open("/runs?columns=status,name,tags,experiment", look);
      await page.getByText(HOSTILE).first().waitFor();
      assert.equal(await page.locator("#page img").count(), 0);
      assert.notEqual(await page.title(), "owned");
      await assertAccessible(page, `runs, ${look.name}`);
      await assertFits(page);
      calm();
      await page.context().close();
    }
  });

  it("finds, filters and sorts; the address says it, and Back goes back", async () => {
    const { page, calm, names } = await open("/runs");
    await until("all rows", async () => (await names()) === 3);
    await page.keyboard.press("/");
    await page.keyboard.type("letters");
    await until("the run that was looked for", async () => (await names()) === 1);
    assert.match(page.url(), /q=letters/);
    await page.getByRole("searchbox", { name: "Find runs" }).fill("");
    await until("all rows", async () => (await names()) === 3);
    await page.getByRole("button", { name: /^Failed/ }).click();
    await until("those that failed", async () => (await names()) === 1);
    assert.match(page.url(), /status=Failed/);
    await page.goBack();
    await until("all rows again", async () => (await names()) === 3);

    await page.getByRole("button", { name: "Filter" }).click();
    await page.getByLabel("Filter expression").fill("metrics/loss lt 0.3");
    await page.getByRole("button", { name: "Apply" }).click();
    await until("those with less loss", async () => (await names()) === 1);
    calm();
    await page.getByLabel("Filter expression").fill("metrics/loss lt");
    await page.getByRole("button", { name: "Apply" }).click();
    await page.getByRole("alert").waitFor();
    await page.context().close();
  });

  it("has columns of metrics, sorts by them, and keeps a view under a name", async () => {
    const { page, calm, rows } = await open("/runs");
    await page.getByRole("button", { name: "Columns" }).click();
    await page.getByRole("menuitemcheckbox", { name: "metrics/loss" }).click();
    await page.keyboard.press("Escape");
    await page.getByRole("columnheader", { name: "loss" }).getByRole("button").click();
    await page.getByRole("columnheader", { name: "loss" }).getByRole("button").click();
    await until("the least loss first", async () => /0\.25/.test(await rows.nth(1).innerText()));
    await page.getByRole("button", { name: "Views" }).click();
    await page.getByRole("menuitem", { name: "Keep this view under a name" }).click();
    await page.getByLabel("Name of the view").fill("by loss");
    await page.keyboard.press("Enter");
    await page.goto(`${service.url}/ui/runs`);
    await page.getByRole("button", { name: "Views" }).click();
    await page.getByRole("menuitem", { name: "by loss", exact: true }).click();
    await page.getByRole("columnheader", { name: "loss" }).waitFor();
    calm();
    await page.context().close();
  });

  it("is worked by keys alone, and changes many runs at once", async () => {
    for (const runId of ["many_1", "many_2"]) await submit(service, { files: { "main.py": SLEEPS }, runId });
    const { page, calm } = await open("/runs?q=many");
    const grid = page.getByRole("grid", { name: "Runs" });
    await page.getByText("many_2").waitFor();
    await grid.focus();
    await page.keyboard.press("Space");
    await page.keyboard.press("Shift+ArrowDown");
    const chosen = page.getByRole("region", { name: "Chosen runs" });
    await chosen.getByText("2 runs chosen").waitFor();
    await assertAccessible(page, "chosen runs");
    await chosen.getByRole("button", { name: "Tag" }).click();
    await page.getByLabel("Name", { exact: true }).fill("sweep");
    await page.getByLabel("Value").fill("a <b>");
    await page.keyboard.press("Enter");
    await page.getByText("Tags changed: 2.").waitFor();
    assert.match(
      await chosen.getByRole("link", { name: "Compare" }).getAttribute("href").then(String),
      /many_/,
    );
    await chosen.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("button", { name: "Cancel 2 runs" }).click();
    await until("both to be canceled", async () => (await grid.getByText("Canceled").count()) === 2);
    await grid.focus();
    await page.keyboard.press("Home");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/runs\/many_2$/);
    calm();
    await page.context().close();
  });

  it("shows new runs and their ways while one looks", async () => {
    const { page, calm } = await open("/runs");
    await page.getByText("good_2").first().waitFor();
    const runId = await submit(service, {
      files: { "main.py": QUICK },
      runId: "fresh_1",
      experimentName: "digits",
    });
    const row = page.getByRole("row").filter({ hasText: runId });
    await row.getByText("Completed").waitFor();
    calm();
    await page.context().close();
  });

  it("leads from an experiment to its runs", async () => {
    for (const look of LOOKS) {
      const { page, calm } = await open("/experiments", look);
      await page.getByRole("link", { name: "letters" }).waitFor();
      await assertAccessible(page, `experiments, ${look.name}`);
      await assertFits(page);
      await page.getByRole("link", { name: "letters" }).click();
      await page.getByRole("heading", { name: "letters" }).waitFor();
      await page.getByText("bad_1").waitFor();
      calm();
      await page.context().close();
    }
  });

  it("is left by the command palette, for a run, its parts, or another theme", async () => {
    const { page, calm } = await open("/runs");
    const palette = () => page.getByRole("combobox", { name: "Command palette" });
    await page.getByText("good_2").first().waitFor();
    await page.keyboard.press("Control+k");
    await palette().fill("bad_1");
    await page.getByRole("option", { name: /bad_1/ }).waitFor();
    await assertAccessible(page, "palette");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/runs\/bad_1$/);
    await page.keyboard.press("Control+k");
    await palette().fill("this run logs");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/runs\/bad_1\/logs/);
    await page.keyboard.press("Control+k");
    await palette().fill("theme dark");
    await page.keyboard.press("Enter");
    await page.locator("html[data-theme=dark]").waitFor();
    calm();
  });
});
