// How long a page keeps the browser from painting while something is done: the longest time between two frames.
import type { Page } from "playwright-core";

/** Does something and tells the longest task and the longest gap between frames meanwhile, in milliseconds. */
export async function longestFrame(
  page: Page,
  act: () => Promise<void>,
): Promise<{ readonly taskMs: number; readonly gapMs: number }> {
  await page.evaluate(() => {
    const seen = { task: 0, gap: 0, on: true };
    Object.assign(globalThis, { framesSeen: seen });
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) seen.task = Math.max(seen.task, duration);
    }).observe({ entryTypes: ["longtask"] });
    let before = performance.now();
    const next = (now: number) => {
      seen.gap = Math.max(seen.gap, now - before);
      before = now;
      if (seen.on) requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
  });
  await act();
  const { task, gap } = await page.evaluate(() => {
    const { framesSeen } = globalThis as unknown as {
      framesSeen: { task: number; gap: number; on: boolean };
    };
    framesSeen.on = false;
    return framesSeen;
  });
  return { taskMs: Math.round(task), gapMs: Math.round(gap) };
}
