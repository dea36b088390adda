// Work that many plots have at once, such as being made when they come into view, done a little in each frame. So the page scrolls on.

/** What a frame may be kept busy by this; the rest of it is for the browser. */
const BUDGET_MS = 8;

type Job = () => void;
const waiting = new Set<Job>();
let planned = false;

function run(): void {
  planned = false;
  const until = performance.now() + BUDGET_MS;
  for (const job of waiting) {
    waiting.delete(job);
    job();
    if (performance.now() >= until) break;
  }
  plan();
}

function plan(): void {
  if (planned || waiting.size === 0) return;
  planned = true;
  requestAnimationFrame(run);
}

/** Does it in one of the next frames, in order; the returned function takes it back. */
export function inFrames(job: Job): () => void {
  waiting.add(job);
  plan();
  return () => waiting.delete(job);
}
