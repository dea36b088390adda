// Opens pages of a service in a browser for a test, and holds what the browser says about them.
import assert from "node:assert/strict";
import type { Browser, Page } from "playwright-core";
import { ensureChromium, openBrowser } from "../support/browser.ts";

/** Why there is no browser, for a test that is skipped; false when there is one. */
export const noBrowser: string | false = ensureChromium() === undefined && "no Chromium on this machine";

/** Starts the browser. */
export async function browser(): Promise<Browser & AsyncDisposable> {
  const program = ensureChromium();
  if (program === undefined) throw new Error("There is no Chromium on this machine.");
  return openBrowser(program);
}

/** Wide and narrow, light and dark: what every page must look right in. */
export const LOOKS = [
  { name: "wide, light", width: 1280, height: 800, colorScheme: "light" },
  { name: "narrow, dark", width: 360, height: 740, colorScheme: "dark" },
] as const;
export type Look = (typeof LOOKS)[number];

/** A container that starts beside gives the machine another address, and the browser drops all that it is loading. The page asks again. */
const NETWORK_CHANGED = "net::ERR_NETWORK_CHANGED";

/** A page, and the errors that the browser told of it: `calm` throws them. */
export async function openPage(
  opened: Browser,
  { width, height, colorScheme }: Look = LOOKS[0],
): Promise<{ readonly page: Page; readonly calm: () => void }> {
  const context = await opened.newContext({
    viewport: { width, height },
    colorScheme,
    timezoneId: "Europe/Berlin",
    locale: "en-GB",
  });
  // A run that is waited for takes a busy machine longer than a page takes to answer.
  context.setDefaultTimeout(120_000);
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.stack ?? error.message));
  page.on("console", (message) => {
    if (message.type() === "error" && !message.text().includes(NETWORK_CHANGED)) errors.push(message.text());
  });
  return { page, calm: () => assert.deepEqual(errors, []) };
}

/** Nothing is wider than the page. */
export async function assertFits(page: Page): Promise<void> {
  const { inner, outer } = await page.evaluate(() => ({
    inner: document.documentElement.scrollWidth,
    outer: document.documentElement.clientWidth,
  }));
  assert.ok(inner <= outer, `the page is ${inner} px wide in a window of ${outer} px`);
}
