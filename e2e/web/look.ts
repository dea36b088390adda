// `npm run look -- URL FILE.png [--width 360] [--height 800] [--dark] [--wait SELECTOR] [--full]`: a page as a picture, and what the
// browser said about it.
import "../../tools/needNode.js";
import { parseArgs } from "node:util";
import { ensureChromium, openBrowser } from "../support/browser.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    width: { type: "string", default: "1280" },
    height: { type: "string", default: "800" },
    dark: { type: "boolean", default: false },
    full: { type: "boolean", default: false },
    wait: { type: "string" },
  },
});
const [url, file] = positionals;
const program = ensureChromium();
if (url === undefined || file === undefined || program === undefined)
  throw new Error("npm run look -- URL FILE.png, on a machine with Chromium");
const browser = await openBrowser(program);
const page = await browser.newPage({
  viewport: { width: Number(values.width), height: Number(values.height) },
  colorScheme: values.dark ? "dark" : "light",
});
page.on("console", (message) => console.log(`${message.type()}: ${message.text()}`));
page.on("pageerror", (error) => console.log(`error: ${error.stack ?? error.message}`));
await page.goto(url);
await page
  .locator(values.wait ?? "#page")
  .first()
  .waitFor({ timeout: 15_000 })
  .catch(console.log);
// A picture of what it comes to rest at.
await page.waitForTimeout(1200);
await page.screenshot({ path: file, fullPage: values.full });
await browser.close();
