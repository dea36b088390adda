// The pages in a browser, among a million runs, with a log of 1 GB and a metric of a million values: how soon they can be used, whether
// they keep pace, how soon they show what happens. Words behind `web` make it smaller: `runs=10000 logMb=50 points=20000`, or choose
// parts of it: `load table log plot live`.
import { setTimeout as sleep } from "node:timers/promises";
import type { Browser, Page } from "playwright-core";
import { ensureChromium, openBrowser } from "../e2e/support/browser.ts";
import { cancel } from "../e2e/support/runs.ts";
import { median, print, quantile } from "./figures.ts";
import { makeWebData, type Sizes, TICK, type WebData } from "./webData.ts";
import { heldBy, paced, watchFrames } from "./webPace.ts";

type Bench = WebData & { readonly browser: Browser; readonly sizes: Sizes };
const PARTS = { load, table, log, plot, live };
type Part = keyof typeof PARTS;
const JUMPS = 30;

export async function web(words: readonly string[] = []): Promise<void> {
  const program = ensureChromium();
  if (program === undefined) throw new Error("There is no Chromium on this machine.");
  const sizes = { runs: 1_000_000, logMb: 1_000, points: 1_000_000 };
  const chosen: Part[] = [];
  for (const word of words) {
    const [name = "", value] = word.split("=");
    if (Object.hasOwn(sizes, name) && Number(value) > 0) sizes[name as keyof Sizes] = Number(value);
    else if (Object.hasOwn(PARTS, word)) chosen.push(word as Part);
    else throw new Error(`The figures of the pages know no ${word}.`);
  }
  const data = await makeWebData(sizes);
  await using _service = data.service;
  await using browser = await openBrowser(program);
  for (const part of chosen.length > 0 ? chosen : (Object.keys(PARTS) as Part[]))
    await PARTS[part]({ ...data, browser, sizes });
}

async function open(browser: Browser, url: string): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await watchFrames(page);
  await page.goto(url);
  return page;
}

/** From the address to the first row on the screen, and to the first key that was answered; nothing is in the browser's cache. */
async function load({ browser, service, sizes }: Bench): Promise<void> {
  const [rows, keys, bytes]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < 7; round += 1) {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    let sum = 0;
    page.on("response", (answer) => {
      if (new URL(answer.url()).pathname.endsWith(".js")) sum += Number(answer.headers()["content-length"]);
    });
    await page.addInitScript(() => {
      const noted = { row: 0, key: 0 };
      (globalThis as unknown as { loaded: typeof noted }).loaded = noted;
      new MutationObserver((_, observer) => {
        if (document.querySelector('[role=row][aria-rowindex="2"] a') === null) return;
        observer.disconnect();
        requestAnimationFrame(() => (noted.row = performance.now()));
      }).observe(document, { childList: true, subtree: true });
      document.addEventListener("focusin", ({ target }) => {
        if (target instanceof HTMLInputElement) requestAnimationFrame(() => (noted.key = performance.now()));
      });
    });
    await page.goto(`${service.url}/ui/runs`, { waitUntil: "commit" });
    const loaded = (name: "row" | "key") =>
      page
        .waitForFunction(
          (of) => (globalThis as unknown as { loaded: Record<string, number> }).loaded[of],
          name,
        )
        .then((handle) => handle.jsonValue() as Promise<number>);
    rows.push(await loaded("row"));
    await page.keyboard.press("/");
    keys.push(await loaded("key"));
    // The live stream never ends, so the network is never at rest.
    await sleep(300);
    bytes.push(sum);
    await page.close();
  }
  // The first round warms the service up.
  const aim = "under 1000 ms";
  const what = `among ${sizes.runs} runs`;
  print({ figure: `table of runs, first row seen, ${what}`, value: median(rows.slice(1)), unit: "ms", aim });
  print({
    figure: `table of runs, a key answered, ${what}`,
    value: median(keys.slice(1)),
    unit: "ms",
    aim,
    slowestMs: Math.max(...keys.slice(1)),
  });
  print({
    figure: "first load",
    value: Math.max(...bytes) / 1000,
    unit: "kB of compressed JavaScript",
    aim: "under 250 kB",
  });
}

/** The wheel turned, as fast as it goes. */
async function wheel(page: Page, selector: string, by: number): Promise<void> {
  await page.locator(selector).hover();
  for (let i = 0; i < 60; i += 1) {
    await page.mouse.wheel(0, by);
    await sleep(16);
  }
}

/** The handle of the scroll bar thrown anywhere. */
const jump = (page: Page, selector: string, times = JUMPS) =>
  page.locator(selector).evaluate(async (element, many) => {
    for (let i = 1; i <= many; i += 1) {
      element.scrollTop = ((i * 0.618) % 1) * element.scrollHeight;
      await new Promise((resolve) => setTimeout(resolve, 80));
    }
  }, times);

async function keys(page: Page, selector: string, names: readonly string[], pauseMs: number): Promise<void> {
  await page.locator(selector).focus();
  for (const name of names) {
    await page.keyboard.press(name);
    await sleep(pauseMs);
  }
}
const ENDS = Array.from({ length: 6 }, (_, i) => (i % 2 === 0 ? "End" : "Home"));

async function table({ browser, service, sizes }: Bench): Promise<void> {
  const page = await open(browser, `${service.url}/ui/runs`);
  const grid = "[role=grid]";
  await page.locator("[role=row] a").first().waitFor();
  const figure = (what: string, act: () => Promise<unknown>) =>
    paced(browser, page, `table of ${sizes.runs} runs: ${what}`, act);
  await figure("wheel", () => wheel(page, grid, 300));
  await figure("scroll bar thrown", () => jump(page, grid));
  await figure("End and Home", () => keys(page, grid, ENDS, 200));
  await figure("100 rows down by key", () => keys(page, grid, Array(100).fill("ArrowDown"), 16));
  await figure("30 pages down by key", () => keys(page, grid, Array(30).fill("PageDown"), 50));
  await figure("search, typed", async () => {
    await page.getByLabel("Find runs").pressSequentially("rare=yes", { delay: 40 });
    await page.getByText(/^\d\d runs$/).waitFor({ timeout: 60_000 });
    await page.getByLabel("Find runs").fill("");
    await sleep(1000);
  });
  await figure("sorted by another column", async () => {
    await page
      .getByRole("button", { name: "Started" })
      .or(page.getByRole("button", { name: "Run" }))
      .last()
      .click();
    await sleep(1500);
  });
  await page.close();
}

async function log({ browser, service, logRun, sizes }: Bench): Promise<void> {
  const page = await open(browser, `${service.url}/ui/runs/${logRun}/logs`);
  const cdp = await page.context().newCDPSession(page);
  const lines = '[aria-label^="Lines of"]';
  const figure = (what: string, act: () => Promise<unknown>) =>
    paced(browser, page, `log of ${sizes.logMb} MB: ${what}`, act);
  await page.locator(lines).getByText(TICK).last().waitFor({ timeout: 60_000 });
  await figure("followed", () => sleep(4000));
  const before = await heldBy(cdp);
  await figure("wheel", () => wheel(page, lines, -300));
  await figure("scroll bar thrown", () => jump(page, lines));
  await figure("End and Home", () => keys(page, lines, ENDS, 200));
  await figure("a word of one line found", async () => {
    await page.getByLabel(/^Find in/).pressSequentially("needle", { delay: 40 });
    await page.getByText(/^1 lines?$/).waitFor({ timeout: 120_000 });
    await page.keyboard.press("Enter");
    await page.locator("mark").first().waitFor();
  });
  await figure("a word of every line looked for", async () => {
    await page.getByLabel(/^Find in/).fill("loss");
    await sleep(5000);
    await page.getByLabel(/^Find in/).fill("");
  });
  await jump(page, lines, 200);
  const after = await heldBy(cdp);
  print({
    figure: `log of ${sizes.logMb} MB: held by the page after 200 jumps more`,
    value: after.heapMb,
    unit: "MB",
    against: "at its beginning",
    ratio: after.heapMb / before.heapMb,
    beginMb: before.heapMb,
    nodes: after.nodes,
    beginNodes: before.nodes,
  });
  await page.close();
}

async function plot({ browser, service, metricRun, sizes }: Bench): Promise<void> {
  const begun = performance.now();
  const page = await open(browser, `${service.url}/ui/runs/${metricRun}/metrics`);
  const drawn = page.getByRole("application").first();
  await drawn.waitFor({ timeout: 60_000 });
  print({
    figure: `plot of ${sizes.points} points, seen`,
    value: performance.now() - begun,
    unit: "ms",
  });
  const figure = (what: string, act: () => Promise<unknown>) =>
    paced(browser, page, `plot of ${sizes.points} points: ${what}`, act);
  const box = await drawn.boundingBox();
  if (box === null) throw new Error("The plot is not there.");
  const at = (share: number) => [box.x + 60 + share * (box.width - 80), box.y + box.height / 2] as const;
  await figure("pointed along", async () => {
    for (let i = 0; i < 60; i += 1) {
      await page.mouse.move(...at(i / 60));
      await sleep(16);
    }
  });
  await figure("zoomed by dragging, four times deeper", async () => {
    for (let i = 0; i < 4; i += 1) {
      await page.mouse.move(...at(0.4));
      await page.mouse.down();
      await page.mouse.move(...at(0.6), { steps: 10 });
      await page.mouse.up();
      await sleep(600);
    }
  });
  await figure("zoomed by keys, in and out", async () => {
    await drawn.focus();
    for (const key of ["0", "+", "+", "+", "-", "-", "0"]) {
      await page.keyboard.press(key);
      await sleep(500);
    }
  });
  await page.close();
}

/** From the write to the screen. */
async function live({ browser, service, shortRun }: Bench): Promise<void> {
  const page = await open(browser, `${service.url}/ui/runs/${shortRun}/logs`);
  const lines = page.locator('[aria-label^="Lines of"]');
  await lines.getByText(TICK).last().waitFor();
  await sleep(500);
  const late = await lines.evaluate(async (element, tick) => {
    const found: number[] = [];
    let before = "";
    const look = () => {
      const last = new RegExp(`${tick} (\\d{13})\\D*$`).exec(element.textContent ?? "")?.[1];
      if (last === undefined || last === before) return;
      before = last;
      requestAnimationFrame(() => found.push(Date.now() - Number(last)));
    };
    const observer = new MutationObserver(look);
    observer.observe(element, { childList: true, subtree: true, characterData: true });
    await new Promise((resolve) => setTimeout(resolve, 6000));
    observer.disconnect();
    return found.slice(1);
  }, TICK);
  print({
    figure: "a line of a log, from the write to the screen",
    value: median(late),
    unit: "ms",
    aim: "within 100 ms",
    p95Ms: quantile(late, 0.95),
    longestMs: Math.max(...late),
    lines: late.length,
  });
  await page.goto(`${service.url}/ui/runs`);
  const row = page.getByRole("row").filter({ has: page.locator(`a[href$="/${shortRun}"]`) });
  await row.getByText("Running").waitFor();
  await sleep(1000);
  const seen = row.evaluate(async (element) => {
    const { promise, resolve } = Promise.withResolvers<number>();
    const look = () => {
      if (/Cancel/.test(element.textContent ?? "")) requestAnimationFrame(() => resolve(Date.now()));
    };
    new MutationObserver(look).observe(element, { childList: true, subtree: true, characterData: true });
    return promise;
  });
  await sleep(100);
  const asked = Date.now();
  await cancel(service, shortRun);
  print({
    figure: "a change of status, from the request to the row of the table",
    value: (await seen) - asked,
    unit: "ms",
  });
  await page.close();
}
