// Runs side by side in a real browser: fields, metrics, relations, and of two runs code, environment and log.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { ended, submit } from "../support/runs.ts";
import { Service } from "../support/service.ts";
import { assertAccessible } from "./axe.ts";
import { logValues, makeRun } from "./metricsOf.ts";
import { assertFits, browser, LOOKS, noBrowser, openPage } from "./pages.ts";

const HOSTILE = "<script>document.title='owned'</script>";
const script = (rate: string) =>
  `import time\nprint("begin")\nprint("same")\nprint("rate ${rate}")\n# ${HOSTILE}\n`;

describe("runs side by side", { skip: noBrowser }, () => {
  it("differ in arguments, code, environment and log", { timeout: 600_000 }, async () => {
    await using service = await Service.start();
    await using opened = await browser();
    const files = { "same.py": "x = 1\n", "data.bin": "\0\0" };
    const left = await submit(service, {
      files: { ...files, "main.py": script("0.1") },
      configuration: { arguments: ["--rate", "0.1", HOSTILE] },
    });
    const right = await submit(service, {
      files: { ...files, "data.bin": "\0\x01", "main.py": script("0.2"), "new.py": "y = 2\n" },
      configuration: { arguments: ["--rate", "0.2", HOSTILE] },
    });
    await ended(service, left);
    await ended(service, right);
    for (const look of LOOKS) {
      const { page, calm } = await openPage(opened, look);
      const open = (part: string) =>
        page.goto(`${service.url}/ui/compare?runs=${left},${right}&part=${part}`);
      await open("");
      const row = page.getByRole("row", { name: /^--rate/ });
      await row.waitFor();
      assert.deepEqual(await row.getByRole("cell").allTextContents(), ["0.1", "0.2 (differs)"]);
      assert.equal(await page.getByText(HOSTILE).count(), 0, "what is the same is left out");
      await page.getByRole("button", { name: /^All/ }).click();
      await page.getByText(HOSTILE).first().waitFor();
      await assertAccessible(page, `differences, ${look.name}`);
      await assertFits(page);

      await open("code");
      await page.getByText("3 files differ of 4").waitFor();
      await page.getByText("This is no text").waitFor();
      await page
        .getByRole("region", { name: "main.py", exact: true })
        .getByText('print("rate 0.2")')
        .waitFor();
      assert.equal(await page.getByRole("region", { name: "same.py" }).count(), 0);
      await assertAccessible(page, `code, ${look.name}`);
      await assertFits(page);

      await open("environment");
      await page.getByRole("heading", { name: /Command, an argument a line/ }).waitFor();
      await assertAccessible(page, `environment, ${look.name}`);

      await open("log");
      await page.getByText("The first line that differs is line").waitFor();
      await page.getByText("rate 0.2").waitFor();
      await assertAccessible(page, `log, ${look.name}`);
      await assertFits(page);
      assert.ok(!(await page.title()).includes("owned"));
      calm();
      await page.context().close();
    }
  });

  it("show their metrics over each other; runs are added, hidden, put first and removed", async () => {
    await using service = await Service.start();
    await using opened = await browser();
    for (const [i, name] of ["one", "two", "three"].entries()) {
      await makeRun(service, name, { tags: { lr: String(0.1 * (i + 1)) } });
      await logValues(
        service,
        name,
        "loss",
        Array.from({ length: 50 + i }, (_, step) => (i + 1) / (step + 1)),
      );
      await logValues(service, name, "best", [i]);
    }
    for (const look of LOOKS) {
      const { page, calm } = await openPage(opened, look);
      await page.goto(`${service.url}/ui/compare?runs=one,two&part=metrics`);
      await page.getByRole("application", { name: /^loss. 2 lines/ }).waitFor();
      await page.getByRole("button", { name: "Add a run" }).click();
      await page.getByLabel("Find a run to add").fill("three");
      await page.getByRole("button", { name: /three/ }).click();
      await page.getByRole("application", { name: /^loss. 3 lines/ }).waitFor();
      await page.getByRole("button", { name: "Hide the lines of two" }).click();
      await page.getByRole("application", { name: /^loss. 2 lines/ }).waitFor();
      await page.getByRole("button", { name: "Put three first" }).click();
      await page.waitForURL(/runs=three/);
      const saved = page.waitForEvent("download");
      await page.getByRole("button", { name: "More of loss" }).click();
      await page.getByRole("menuitem", { name: "Download CSV" }).click();
      assert.match(
        readFileSync(await (await saved).path(), "utf8"),
        /^run,time,step,loss\r\n(three,.+\r\n){52}one,/,
      );
      await assertAccessible(page, `metrics, ${look.name}`);
      await assertFits(page);
      await page.getByRole("button", { name: "Relations" }).click();
      await page.getByRole("img", { name: /^best over lr/ }).waitFor();
      await assertAccessible(page, `relations, ${look.name}`);
      await assertFits(page);
      await page.getByRole("button", { name: "Remove one" }).click();
      await page.getByRole("heading", { name: "Compare 2 runs" }).waitFor();
      calm();
      await page.context().close();
    }
  });

  it("that are not there say so, and none is no fault", async () => {
    await using service = await Service.start();
    await using opened = await browser();
    const { page } = await openPage(opened);
    await page.goto(`${service.url}/ui/compare`);
    await page.getByText("No runs to compare").waitFor();
    await assertAccessible(page, "nothing to compare");
    await page.goto(`${service.url}/ui/compare?runs=nobody`);
    await page.getByText("not found").first().waitFor();
  });
});
