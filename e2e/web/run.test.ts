// The page of a run, on real runs: what it says, what can be done with it, by mouse and by keys.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Page } from "playwright-core";
import { submit } from "../support/runs.ts";
import { Service, workspacePath } from "../support/service.ts";
import { assertAccessible } from "./axe.ts";
import { assertFits, browser, LOOKS, noBrowser, openPage } from "./pages.ts";

const HOSTILE = `<img src=x onerror="document.title='owned'"> <script>document.title='owned'</script>`;
const FAILS = `print("first line")\nprint("\\x1b[31mred\\x1b[0m ${HOSTILE.replaceAll('"', '\\"')}")\nraise ValueError("no <b>data</b>")\n`;
const SLOW = `import sys, time\nprint("ARGS", sys.argv[1:], flush=True)\nfor i in range(3000):\n    print("step", i, flush=True)\n    time.sleep(0.1)\n`;

describe("the page of a run", { skip: noBrowser }, () => {
  let service: Service;
  let opened: Awaited<ReturnType<typeof browser>>;
  before(async () => {
    service = await Service.start({ flags: ["--runs-at-once", "1"] });
    opened = await browser();
  });
  after(async () => {
    await opened?.close();
    await service?.[Symbol.asyncDispose]();
  });
  const pathOf = (runId: string) => `/history/v1.0${workspacePath}/runs/${runId}`;
  const statusIs = (page: Page, status: string) =>
    page.locator("header").getByText(status, { exact: true }).waitFor();

  it("says first why a run failed, with its last lines; what users wrote is text", async () => {
    await submit(service, { files: { "main.py": FAILS }, runId: "fails" });
    await service.call("PATCH", pathOf("fails"), {
      displayName: HOSTILE,
      tags: { owner: HOSTILE },
      description: `# Why\n[good](https://example.org/) [bad](javascript:alert(1)) ${HOSTILE}`,
    });
    for (const look of LOOKS) {
      const { page, calm } = await openPage(opened, look);
      await page.goto(`${service.url}/ui/runs/fails`);
      await statusIs(page, "Failed");
      await page
        .getByLabel("Error", { exact: true })
        .getByText("ValueError: no <b>data</b>")
        .first()
        .waitFor();
      await page.getByRole("heading", { level: 1, name: HOSTILE }).waitFor();
      await page.getByText("first line").waitFor();
      await page.getByRole("link", { name: "good" }).waitFor();
      assert.equal(
        await page.getByRole("link", { name: "good" }).getAttribute("rel"),
        "noopener noreferrer nofollow",
      );
      assert.equal(await page.getByRole("link", { name: "bad" }).count(), 0);
      await page.getByLabel("Steps of this run").getByText("Collecting").waitFor();
      assert.equal(await page.locator("#page img, #page script").count(), 0);
      await assertFits(page);
      await assertAccessible(page, `a failed run, ${look.name}`);
      await page.locator('a[href*="logs?line="]', { hasText: "See it in the log" }).click();
      await page.waitForURL(/\/runs\/fails\/logs\?line=\d+/);
      assert.notEqual(await page.title(), "owned");
      calm();
      await page.context().close();
    }
  });

  it("is edited in place, by keys alone", async () => {
    const { page, calm } = await openPage(opened);
    await page.goto(`${service.url}/ui/runs/fails`);
    await page.getByRole("button", { name: "Edit display name" }).focus();
    await page.keyboard.press("Enter");
    await page.keyboard.type("A better name");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: "A better name" }).waitFor();
    await page.getByRole("button", { name: "Add a tag" }).focus();
    await page.keyboard.press("Enter");
    await page.keyboard.type("phase");
    await page.keyboard.press("Tab");
    await page.keyboard.type("two");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Edit the tag phase: two" }).press("Enter");
    await page.getByLabel("Value").fill("three");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Edit the tag phase: three" }).waitFor();
    await page.getByRole("button", { name: /^Edit the tag owner/ }).press("Delete");
    await page.getByRole("button", { name: /^Edit the tag owner/ }).waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Edit the description" }).press("Enter");
    await page.getByLabel("Description, in Markdown").fill("**bold** words");
    await page.keyboard.press("Control+Enter");
    await page.locator("strong", { hasText: "bold" }).waitFor();
    const run = await service.json<{ displayName: string; tags: object; description: string }>(
      "GET",
      pathOf("fails"),
    );
    assert.equal(run.displayName, "A better name");
    assert.deepEqual(run.tags, { phase: "three" });
    assert.equal(run.description, "**bold** words");
    calm();
    await page.context().close();
  });

  it("follows a run live, says what another waits for, cancels and resubmits", async () => {
    await submit(service, {
      files: { "main.py": SLOW },
      runId: "slow",
      configuration: { arguments: ["--lr", "0.1"] },
    });
    await submit(service, { files: { "main.py": SLOW }, runId: "waits" });
    const { page, calm } = await openPage(opened);
    await page.goto(`${service.url}/ui/runs/waits`);
    await page.getByLabel("Why it waits").getByRole("link", { name: "slow" }).click();
    await page.waitForURL(/\/runs\/slow$/);
    await statusIs(page, "Running");
    const tail = page.locator("pre", { hasText: "step" });
    const before = await tail.innerText();
    await page.waitForFunction((text) => !document.querySelector("pre")?.innerText.includes(text), before);
    await assertAccessible(page, "a running run");
    await page.getByRole("button", { name: "Cancel", exact: true }).click();
    const dialog = page.getByRole("dialog", { name: "Cancel this run?" });
    await dialog.getByText("SIGTERM").waitFor();
    await assertAccessible(page, "the question before a cancel");
    await dialog.getByRole("button", { name: "Cancel the run" }).click();
    await statusIs(page, "Canceled");

    await page.getByRole("button", { name: "More to do with this run" }).click();
    await page.getByRole("menuitem", { name: "Resubmit with changes…" }).click();
    await page.getByLabel("Arguments, one a line").fill("--lr\n0.25");
    await assertAccessible(page, "the form of a resubmit");
    await page.getByRole("button", { name: "Submit", exact: true }).click();
    await page.waitForURL((url) => !url.pathname.endsWith("/slow"));
    await page.getByText("0.25", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Cancel", exact: true }).click();
    await page.getByRole("button", { name: "Cancel the run" }).click();
    await statusIs(page, "Canceled");
    const first = page.url();
    await page.getByRole("button", { name: "Resubmit", exact: true }).click();
    await page.waitForURL((url) => url.href !== first);
    await page.getByText("0.25", { exact: true }).waitFor();
    const made = new URL(page.url()).pathname.split("/").at(-1) ?? "";
    for (const runId of [made, "waits"]) await service.call("POST", `${pathOf(runId)}/cancel`);
    calm();
    await page.context().close();
  });

  it("has the definition as it was sent and as it was understood, and as a text to copy", async () => {
    const { page, calm } = await openPage(opened, LOOKS[1]);
    await page.goto(`${service.url}/ui/runs/slow/definition?part=resolved`);
    await page.getByRole("searchbox").fill("e");
    await page.getByText(/^1 of \d/).waitFor();
    await page.getByRole("searchbox").press("Enter");
    await page.getByText(/^2 of \d/).waitFor();
    await page.getByRole("button", { name: '"configuration"' }).press("Enter");
    await page.getByRole("searchbox").fill("");
    await page
      .getByText(/inside/)
      .first()
      .waitFor();
    await assertFits(page);
    await assertAccessible(page, "the definition");
    await page.getByRole("button", { name: "Command", exact: true }).click();
    await page.getByText(/main\.py --lr 0\.1$/).waitFor();
    await page.getByRole("button", { name: "More to do with this run" }).click();
    await page.getByRole("menuitem", { name: "curl" }).click();
    await page.getByText("snapshotrun").waitFor();
    await page.getByRole("button", { name: "Python, v1 SDK" }).click();
    await page.getByText("ScriptRunConfig(").waitFor();
    await assertAccessible(page, "the copied run");
    calm();
    await page.context().close();
  });

  it("shows children as lines and as a tree, by keys too", async () => {
    const experiment = `/history/v1.0${workspacePath}/experiments/sweep/runs`;
    const add = (runId: string, more: object) =>
      service.json("PATCH", `${experiment}/${runId}`, { runId, ...more });
    await add("sweep", { status: "Running" });
    await Promise.all(
      Array.from({ length: 40 }, (_, at) =>
        add(`sweep-${at}`, {
          parentRunId: "sweep",
          status: at % 4 === 0 ? "Failed" : "Completed",
          tags: { lr: String(at + 1), kind: at % 2 === 0 ? "even" : HOSTILE },
        }),
      ),
    );
    await add("below", { parentRunId: "sweep-0", status: "Completed" });
    for (const look of LOOKS) {
      const { page, calm } = await openPage(opened, look);
      await page.goto(`${service.url}/ui/runs/sweep/children`);
      await page.getByText("40 of 40 children ended").waitFor();
      await page.getByText("40 runs", { exact: true }).waitFor();
      await assertFits(page);
      await assertAccessible(page, `children, ${look.name}`);
      await page.getByRole("list", { name: "Axes" }).getByRole("button", { name: "lr" }).press("Enter");
      await page.getByLabel("From", { exact: true }).fill("31");
      await page.keyboard.press("Enter");
      await page.getByText("10 of 40 runs are within the chosen parts").waitFor();
      await page.getByRole("button", { name: "All runs again" }).click();
      await page.getByText("40 runs", { exact: true }).waitFor();
      await page.getByRole("button", { name: "Tree" }).click();
      await page.getByRole("treeitem").first().getByRole("link").focus();
      await page.keyboard.press("ArrowRight");
      await page.getByRole("treeitem", { name: "below" }).waitFor();
      await assertAccessible(page, `the tree, ${look.name}`);
      await page.keyboard.press("ArrowDown");
      await page.locator("a:focus", { hasText: "below" }).press("Enter");
      await page.waitForURL(/\/runs\/below$/);
      calm();
      await page.context().close();
    }
  });
});
