// The page of a run's logs: live within a blink, over a killed service, searched, jumped through; whatever is written is only text.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { submit } from "../support/runs.ts";
import { Service } from "../support/service.ts";
import { assertAccessible } from "./axe.ts";
import { assertFits, browser, LOOKS, noBrowser, openPage } from "./pages.ts";

const TICKING = `
import sys, time
while True:
    print("at", int(time.time() * 1000), flush=True)
    time.sleep(0.25)
`;
const HOSTILE = `
import sys
print("<script>document.title='ran'</script><img src=x onerror=document.title='ran'>")
print("\\x1b[31mred\\x1b[0m \\x1b]8;;javascript:alert(1)\\x1b\\\\link\\x1b]8;;\\x1b\\\\ \\u202etfel")
sys.stdout.flush(); sys.stdout.buffer.write(b"\\xff\\xfe not utf-8\\n")
for i in range(3000): print("line", i)
def inner(): raise ValueError("the loss <b>is</b> not a number")
inner()
`;

describe("the logs of a run", { skip: noBrowser }, () => {
  it("come live, and go on after the service was killed", async () => {
    await using service = await Service.start();
    await using opened = await browser();
    const runId = await submit(service, { files: { "main.py": TICKING } });
    const { page } = await openPage(opened);
    await page.goto(`${service.url}/ui/runs/${runId}/logs`);
    await page
      .getByText(/^at \d+$/)
      .first()
      .waitFor();
    // Each line tells when it was written; the page notes when it shows it.
    const delays = await page.evaluate(
      () =>
        new Promise<number[]>((resolve) => {
          const seen = new Map<string, number>();
          const observer = new MutationObserver(() => {
            for (const [at] of document.body.innerText.matchAll(/(?<=at )\d{13}/g))
              if (!seen.has(at)) seen.set(at, Date.now() - Number(at));
            if (seen.size < 60) return;
            observer.disconnect();
            resolve([...seen.values()].slice(-30));
          });
          observer.observe(document.body, { subtree: true, childList: true, characterData: true });
        }),
    );
    const median = delays.sort((a, b) => a - b)[15] ?? Number.POSITIVE_INFINITY;
    console.log(`a line is seen ${median} ms after it was written (median; least ${delays[0]} ms)`);
    assert.ok((delays[0] ?? Number.POSITIVE_INFINITY) < 100, `the quickest of ${delays.join(", ")} ms`);

    await service.kill();
    await page.getByText("Offline").waitFor();
    await service.start();
    await page.getByText("Offline").waitFor({ state: "detached" });
    const after = String(await page.evaluate(() => Date.now()));
    await page.waitForFunction(
      (since) =>
        [...document.body.innerText.matchAll(/at (\d{13})/g)].some(([, at]) => Number(at) > Number(since)),
      after,
    );
  });

  it("are text, whatever a script writes, and lead to its error", async () => {
    await using service = await Service.start();
    await using opened = await browser();
    const runId = await submit(service, { files: { "main.py": HOSTILE } });
    for (const look of LOOKS) {
      const { page, calm } = await openPage(opened, look);
      await page.goto(`${service.url}/ui/runs/${runId}/logs`);
      const lines = page.getByRole("group", { name: /^Lines of/ });
      await page.getByText("Failed").first().waitFor();
      await lines.focus();
      await page.keyboard.press("Home");
      await page.getByText("<script>document.title='ran'</script>").waitFor();
      await page.getByText("\uFFFD\uFFFD not utf-8").waitFor();
      assert.doesNotMatch(await page.title(), /ran/);
      assert.equal(await page.locator("a[href^=javascript]").count(), 0);
      await assertAccessible(page, `logs, ${look.name}`);
      await assertFits(page);

      await page.getByRole("button", { name: "Jump to the error" }).click();
      await page.getByText("Traceback (most recent call last):").first().waitFor();
      assert.match(page.url(), /line=3004/);

      await page.getByRole("searchbox", { name: /^Find in/ }).fill("line 29");
      await page.getByText("111 lines").waitFor();
      await page.keyboard.press("Enter");
      await page.locator("mark", { hasText: "line 29" }).first().waitFor();
      await page.reload();
      await page
        .getByText(/^Line [\d,]+$/)
        .first()
        .waitFor();
      calm();
      await page.context().close();
    }
  });
});
