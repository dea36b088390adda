// The metrics of a run in a real browser: plots that are live, zoomed, read by keys; tables, images and charts; hostile content.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Service, until } from "../support/service.ts";
import { assertAccessible } from "./axe.ts";
import { longestFrame } from "./frames.ts";
import { logFile, logRows, logValues, makeRun } from "./metricsOf.ts";
import { assertFits, browser, LOOKS, noBrowser, openPage } from "./pages.ts";

const HOSTILE = "<img src=x onerror=\"document.title='owned'\">";
const SVG =
  '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>parent.document.title="owned"</script></svg>';
const chart = (schema_type: string, data: unknown) =>
  JSON.stringify({ schema_type, schema_version: "1.0.0", data });

async function fill(service: Service): Promise<void> {
  await makeRun(service, "plots");
  const loss = Array.from({ length: 2000 }, (_, i) =>
    i === 700 ? Number.NaN : i === 1200 ? 40 : 2 * Math.exp(-i / 400),
  );
  await logValues(service, "plots", "train/loss", loss);
  await logValues(service, "plots", "val/loss", loss.slice(0, 100));
  await logValues(service, "plots", "best", [0.25]);
  await logRows(
    service,
    "plots",
    "rows",
    [
      { epoch: 2, name: HOSTILE },
      { epoch: 10, name: "b" },
      { epoch: 1, name: "c" },
    ],
    {
      type: "azureml.v1.table",
      columns: { epoch: "int", name: "string" },
    },
  );
  await logFile(service, "plots", "drawing", "azureml.v2.image", SVG);
  await logFile(
    service,
    "plots",
    "page",
    "azureml.v2.image",
    "<html><script>document.title='owned'</script></html>",
  );
  const matrix = [
    [5, 1],
    [0, 4],
  ];
  await logFile(
    service,
    "plots",
    "confusion",
    "azureml.v2.confusion_matrix",
    chart("confusion_matrix", { class_labels: ["cat", HOSTILE], matrix }),
  );
  await logFile(
    service,
    "plots",
    "residuals",
    "azureml.v2.residuals",
    chart("residuals", { bin_edges: [-1, 0, 1], bin_counts: [3, 4] }),
  );
  await logFile(service, "plots", "broken", "azureml.v2.residuals", "no json");
  await logRows(service, "plots", "odd", [{ what: "a", of: "b" }], {
    type: "of.somebody",
    columns: { what: "string", of: "string" },
  });
}

describe("the metrics of a run", { skip: noBrowser }, () => {
  it("are plots that zoom, are read by keys, and grow while the run logs", async () => {
    await using service = await Service.start();
    await using opened = await browser();
    await fill(service);
    const { page, calm } = await openPage(opened);
    await page.goto(`${service.url}/ui/runs/plots/metrics?q=loss`);
    const plot = page.getByRole("application", { name: /^train\/loss/ });
    await plot.waitFor();
    await page.getByRole("article", { name: "train/loss" }).getByText("1 × NaN").waitFor();

    await plot.focus();
    await page.keyboard.press("Home");
    await plot.locator("[aria-live]").filter({ hasText: "Step" }).waitFor({ state: "attached" });
    await page.keyboard.press("End");
    assert.match(await plot.locator("[aria-live]").innerText(), /^Step 1,99\d: 0\.01/);
    await page.keyboard.press("+");
    await page.waitForURL(/zoom=step/);
    await page.keyboard.press("0");
    await page.waitForURL((url) => !url.search.includes("zoom"));

    const box = await plot.boundingBox();
    assert.ok(box);
    await page.mouse.move(box.x + box.width * 0.5, box.y + 60);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.6, box.y + 70, { steps: 4 });
    // What is drawn anew between two clicks hears of no double click.
    const finer = page.waitForResponse(
      (answer) =>
        answer.url().endsWith("/metrics/series") && /"from":/.test(answer.request().postData() ?? ""),
    );
    await page.mouse.up();
    await (await finer).finished();
    await page.waitForURL(/zoom=step/);
    await page.mouse.dblclick(box.x + box.width * 0.5, box.y + 60);
    await page.waitForURL((url) => !url.search.includes("zoom"));

    await page.keyboard.press("/");
    await page.getByLabel("Find metrics").fill("val loss");
    await until("the others to be gone", async () => (await page.getByRole("article").count()) === 1);
    // Where nothing is pointed at, the last value is told.
    await page.mouse.move(5, 5);
    await logValues(service, "plots", "val/loss", [7.125], 100);
    await page.getByRole("article", { name: "val/loss" }).getByText("7.125").waitFor();
    calm();
  });

  it("are tables, images and charts, whatever they hold", async () => {
    await using service = await Service.start();
    await using opened = await browser();
    await fill(service);
    for (const look of LOOKS) {
      const { page, calm } = await openPage(opened, look);
      await page.goto(`${service.url}/ui/runs/plots/metrics`);
      const panel = (name: string) => page.getByRole("article", { name, exact: true });
      const see = async (name: string) => {
        await panel(name).scrollIntoViewIfNeeded();
        return panel(name);
      };
      await panel("rows").waitFor();
      await (await see("rows")).getByText(HOSTILE).waitFor();
      await (await see("rows")).getByRole("button", { name: "epoch" }).click();
      assert.equal(await panel("rows").locator("tbody tr td").first().innerText(), "1");
      await (await see("confusion")).getByRole("cell", { name: "5", exact: true }).waitFor();
      await panel("confusion").getByRole("button", { name: "Shares" }).click();
      await panel("confusion").getByRole("cell", { name: "83 %" }).waitFor();
      await (await see("residuals")).getByRole("img", { name: /7 values from -1 to 1/ }).waitFor();
      await (await see("broken")).getByText(/no JSON/).waitFor();
      await (await see("drawing")).getByRole("img").waitFor();
      await (await see("page")).getByText("The file is no image").waitFor();
      await (await see("odd")).getByRole("cell", { name: "a" }).waitFor();
      await page.getByText("0.25").waitFor();
      await assertAccessible(page, `metrics, ${look.name}`);
      await assertFits(page);
      await page.getByRole("button", { name: "Show train/loss large" }).click();
      const dialog = page.getByRole("dialog");
      await dialog.getByRole("application").waitFor();
      await dialog.getByRole("button", { name: "Numbers" }).click();
      await dialog.getByRole("columnheader", { name: "Step" }).waitFor();
      await assertAccessible(page, `one metric, ${look.name}`);
      const saved = page.waitForEvent("download");
      await dialog.getByRole("button", { name: "More of train/loss" }).click();
      await page.getByRole("menuitem", { name: "Download CSV" }).click();
      const { size } = await (await saved).createReadStream().then(async (stream) => {
        let size = 0;
        for await (const chunk of stream) size += chunk.toString().split("\n").length - 1;
        return { size };
      });
      assert.equal(size, 2001);
      assert.ok(!(await page.title()).includes("owned"));
      calm();
      await page.context().close();
    }
  });

  it("are drawn where one looks, of 200 of them; a million values are pointed at and zoomed", {
    timeout: 600_000,
  }, async (t) => {
    await using service = await Service.start();
    await using opened = await browser();
    await makeRun(service, "many");
    for (let n = 0; n < 200; n += 1)
      await logValues(
        service,
        "many",
        `g${n % 5}/m${n}`,
        Array.from({ length: 100 }, (_, i) => Math.sin(i / (5 + n))),
      );
    await makeRun(service, "million");
    for (let at = 0; at < 1_000_000; at += 20_000)
      await logValues(
        service,
        "million",
        "loss",
        Array.from({ length: 20_000 }, (_, i) => (at + i === 123_456 ? 40 : Math.sin((at + i) / 50_000))),
        at,
      );
    const { page, calm } = await openPage(opened);
    await page.goto(`${service.url}/ui/runs/many/metrics`);
    await page.getByRole("application").first().waitFor();
    const scrolled = await longestFrame(page, async () => {
      await page.mouse.move(600, 500);
      for (let i = 0; i < 40; i += 1) {
        await page.mouse.wheel(0, 300);
        await page.waitForTimeout(30);
      }
    });
    assert.ok((await page.locator("canvas").count()) < 40, "only plots in view are drawn");
    await page.goto(`${service.url}/ui/runs/million/metrics`);
    const plot = page.getByRole("application", { name: /^loss/ });
    await plot.waitFor();
    const box = await plot.boundingBox();
    assert.ok(box);
    const moved = await longestFrame(page, async () => {
      for (let i = 0; i < 100; i += 1) await page.mouse.move(box.x + 60 + i * 2, box.y + 80);
      await plot.focus();
      await page.keyboard.press("+");
      await page.waitForTimeout(1500);
      await page.keyboard.press("0");
      await page.waitForTimeout(500);
    });
    t.diagnostic(
      `200 metrics scrolled: longest task ${scrolled.taskMs} ms; a million values pointed at and zoomed: ${moved.taskMs} ms`,
    );
    calm();
  });
});
