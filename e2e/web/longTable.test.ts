// A table of more runs than are seen: what comes new while one looks further down, ends by keys, and what the address brings back.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Page } from "playwright-core";
import { experiment } from "../support/runs.ts";
import { Service, until } from "../support/service.ts";
import { browser, noBrowser, openPage } from "./pages.ts";

const MANY = 250;

describe("a long table of runs", { skip: noBrowser }, () => {
  let service: Service;
  let opened: Awaited<ReturnType<typeof browser>>;
  const make = (runId: string) =>
    service.json("PATCH", `/history/v1.0${experiment("long")}/runs/${runId}`, { status: "Completed" });
  before(async () => {
    service = await Service.start();
    opened = await browser();
    for (let i = 0; i < MANY; i += 1) await make(`row_${i}`);
  });
  after(async () => {
    await opened?.close();
    await service?.[Symbol.asyncDispose]();
  });
  const grid = (page: Page) => page.getByRole("grid", { name: "Runs" });
  const seen = (page: Page, text: string) => grid(page).getByText(text, { exact: true }).waitFor();

  it("stays where one looks while runs come, tells of them, and goes to them", async () => {
    const { page, calm } = await openPage(opened);
    await page.goto(`${service.url}/ui/runs`);
    await seen(page, `row_${MANY - 1}`);
    await grid(page).evaluate((element) => (element.scrollTop = 120 * 36));
    await seen(page, `row_${MANY - 125}`);
    for (const runId of ["new_1", "new_2"]) await make(runId);
    await page.getByText(`${MANY + 2} runs`).waitFor();
    const pill = page.getByRole("button", { name: "2 new runs" });
    await pill.waitFor();
    // What happens to runs that are not seen makes them no newer.
    for (const description of ["one", "two"])
      await service.json("PATCH", `/history/v1.0${experiment("long")}/runs/row_0`, { description });
    await make("new_3");
    await page.getByRole("button", { name: "3 new runs" }).waitFor();
    await seen(page, `row_${MANY - 125}`);
    await page.getByRole("button", { name: "3 new runs" }).click();
    await seen(page, "new_3");
    await page.getByRole("button", { name: /new runs?$/ }).waitFor({ state: "detached" });

    await grid(page).evaluate((element) => (element.scrollTop = 120 * 36));
    await seen(page, `row_${MANY - 122}`);
    await make("new_4");
    await page.getByRole("button", { name: "1 new run" }).waitFor();
    await grid(page).evaluate((element) => (element.scrollTop = 0));
    await seen(page, "new_4");
    await page.getByRole("button", { name: /new runs?$/ }).waitFor({ state: "detached" });
    calm();
    await page.context().close();
  });

  it("is walked to its ends by keys, and the row that is meant is told", async () => {
    const { page, calm } = await openPage(opened);
    await page.goto(`${service.url}/ui/runs?q=row_`);
    await page.getByText(`${MANY} runs`).waitFor();
    await grid(page).focus();
    await page.keyboard.press("End");
    await seen(page, "row_0");
    const active = () =>
      grid(page).evaluate(
        (element) =>
          document.getElementById(element.getAttribute("aria-activedescendant") ?? "")?.ariaRowIndex,
      );
    await until("the last row to be meant", async () => (await active()) === String(MANY + 1));
    await page.keyboard.press("Home");
    await seen(page, `row_${MANY - 1}`);
    await until("the first row to be meant", async () => (await active()) === "2");
    await page.keyboard.press("PageDown");
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/runs\/row_\d+/);
    await page.goBack();
    await page.getByText(`${MANY} runs`).waitFor();
    assert.match(page.url(), /q=row_/);
    await page.goForward();
    await page.waitForURL(/\/runs\/row_\d+/);
    calm();
  });
});
