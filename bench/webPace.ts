// How a page keeps pace while something is done with it: its frames, and the tasks of its main thread.
import type { Browser, CDPSession, Page } from "playwright-core";
import { print, quantile } from "./figures.ts";

/** Beyond that people see that a page stops. */
const LONGEST_MS = 50;
const AIM = `longest frame under ${LONGEST_MS} ms`;

/** Has every page of this kind note its frames. */
export async function watchFrames(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const noted = { frames: [] as number[] };
    (globalThis as unknown as { pace: typeof noted }).pace = noted;
    let before = performance.now();
    const onFrame = (now: number) => {
      noted.frames.push(now - before);
      before = now;
      requestAnimationFrame(onFrame);
    };
    requestAnimationFrame(onFrame);
  });
}

type Task = { readonly ms: number; readonly cpuMs: number; readonly atUs: number };

/**
 * Does it, and prints the frames of that time. `ownMs` is the longest task of the page's thread in its own processor time: what is
 * left of a long frame on a machine with nothing else to do.
 */
export async function paced(
  browser: Browser,
  page: Page,
  figure: string,
  act: () => Promise<unknown>,
): Promise<void> {
  await browser.startTracing(page, { categories: ["toplevel", "disabled-by-default-devtools.timeline"] });
  await page.evaluate(() => {
    (globalThis as unknown as { pace: { frames: number[] } }).pace.frames = [];
  });
  await act();
  const frames = await page.evaluate(
    () => (globalThis as unknown as { pace: { frames: number[] } }).pace.frames,
  );
  const tasks = tasksOf(JSON.parse((await browser.stopTracing()).toString()));
  const longest = tasks.reduce<Task>((a, b) => (b.ms > a.ms ? b : a), { ms: 0, cpuMs: 0, atUs: 0 });
  print({
    figure,
    value: Math.max(...frames),
    unit: "ms, the longest frame",
    aim: AIM,
    p95Ms: quantile(frames, 0.95),
    frames: frames.length,
    over50: frames.filter((ms) => ms > LONGEST_MS).length,
    longestTaskMs: longest.ms,
    ownMs: Math.max(0, ...tasks.map(({ cpuMs }) => cpuMs)),
  });
}

type TraceEvent = {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
};

/** The tasks of the page's own thread. */
function tasksOf({ traceEvents }: { readonly traceEvents: readonly TraceEvent[] }): readonly Task[] {
  const main = new Set(
    traceEvents
      .filter(({ name, args }) => name === "thread_name" && args?.name === "CrRendererMain")
      .map(({ pid, tid }) => `${pid} ${tid}`),
  );
  return traceEvents
    .filter(
      ({ name, ph, pid, tid }) =>
        ph === "X" && main.has(`${pid} ${tid}`) && /^(ThreadControllerImpl::)?RunTask$/.test(name),
    )
    .map(({ dur = 0, tdur = 0, ts }) => ({ ms: dur / 1000, cpuMs: tdur / 1000, atUs: ts }));
}

/** What the page holds once all that nobody needs is gone. */
export async function heldBy(cdp: CDPSession): Promise<{ readonly heapMb: number; readonly nodes: number }> {
  await cdp.send("HeapProfiler.collectGarbage");
  const { usedSize } = await cdp.send("Runtime.getHeapUsage");
  const { nodes } = await cdp.send("Memory.getDOMCounters");
  return { heapMb: usedSize / 1e6, nodes };
}
