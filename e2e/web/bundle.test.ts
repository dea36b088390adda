// The built pages: small to load, and all from here.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Service } from "../support/service.ts";
import { browser, noBrowser, openPage } from "./pages.ts";

describe("the first load", { skip: noBrowser }, () => {
  it("takes less than 250 kB of compressed JavaScript, from nowhere else", async () => {
    await using service = await Service.start();
    await using opened = await browser();
    const { page } = await openPage(opened);
    let bytes = 0;
    const origins = new Set<string>();
    page.on("response", (answer) => {
      origins.add(new URL(answer.url()).origin);
      if (/\.js$/.test(new URL(answer.url()).pathname)) bytes += Number(answer.headers()["content-length"]);
    });
    await page.goto(`${service.url}/ui/runs`);
    await page.getByRole("heading", { name: "Submit a first run" }).waitFor();
    assert.ok(bytes > 50_000, `only ${bytes} bytes were counted`);
    assert.ok(bytes < 250_000, `${bytes} bytes of JavaScript`);
    assert.deepEqual([...origins], [service.url]);
  });
});
